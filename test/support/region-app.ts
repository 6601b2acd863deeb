import { SpawnedApp } from './spawned-app.js';

/** An instance of `test/apps/regions` in its own process, which executes commands from its standard input. */
export class RegionApp extends SpawnedApp {
  #asked = 0;

  constructor(env: Record<string, string>, at: readonly string[] = []) {
    super('regions/main.js', env, 'pipe', at);
  }

  /** Calls a method of one of its services, and returns the result. */
  async ask<T>(service: 'notes' | 'accounts' | 'rpc', method: string, args: unknown[] = [], times?: number): Promise<T> {
    const id = ++this.#asked;
    const from = this.lines.length;
    this.process.stdin!.write(`${JSON.stringify({ id, service, method, args, times })}\n`);
    const [, json] = await this.line(new RegExp(`^\\[answer ${id}\\] (.*)$`), from);
    const { value, error } = JSON.parse(json!) as { value: T; error?: { code: string; ran: string; message: string } };
    if (error) throw Object.assign(new Error(error.message), error);
    return value;
  }

  /** The number of times that a note with this text was written here. */
  wrote(text: string): number {
    return this.lines.filter((line) => line === `[wrote ${text}]`).length;
  }

  /** Waits until it sees exactly these regions' instances, itself included: `['hkg', 'syd', 'syd']`. */
  async sees(regions: readonly string[]): Promise<void> {
    for (;;) {
      const instances = await this.ask<{ region: string }[]>('rpc', 'instances');
      const seen = instances.map(({ region }) => region).toSorted();
      if (seen.join() === regions.toSorted().join()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
