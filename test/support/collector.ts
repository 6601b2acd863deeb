import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Stands where an OpenTelemetry collector would, on loopback: takes the names of spans. One that is `silent` takes them and never answers. */
export class Collector {
  readonly spans: string[] = [];
  readonly #server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += String(part);
    this.spans.push(...(JSON.parse(body) as string[]));
    for (const look of this.#waiting) look();
    if (!this.#silent) response.end();
  });
  readonly #waiting = new Set<() => void>();
  readonly #silent: boolean;

  constructor(how?: 'silent') {
    this.#silent = how === 'silent';
    onTestFinished(() => {
      this.#server.close();
      this.#server.closeAllConnections();
    });
  }

  async url(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Resolves when that many spans have come. */
  async has(count: number): Promise<void> {
    while (this.spans.length < count) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }
}
