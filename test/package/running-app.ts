import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../support/free-port.js';

/** A started app: its address, its output, its end. */
export class RunningApp {
  readonly #process: ChildProcess;
  readonly #url: string;
  readonly #exited: Promise<unknown>;
  #output = '';

  /** `args` are the app's main file, and flags before it. */
  static async start(node: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<RunningApp> {
    const app = new RunningApp(node, args, cwd, { ...env, PORT: String(await freePort()) });
    await app.#listening();
    return app;
  }

  private constructor(node: string, args: readonly string[], cwd: string, more: NodeJS.ProcessEnv) {
    // What vitest sets for its own workers is not for the app: it stands for a server that a user starts.
    const { NODE_ENV: _env, NODE_OPTIONS: _options, VITEST: _vitest, ...env } = process.env;
    this.#process = spawn(node, args, { cwd, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#url = `http://127.0.0.1:${more.PORT}`;
    this.#exited = once(this.#process, 'exit');
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) stream.on('data', (chunk: Buffer) => (this.#output += chunk));
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get output(): string {
    return this.#output;
  }

  async get(path: string): Promise<{ status: number; body: unknown }> {
    const response = await fetch(this.#url + path);
    return { status: response.status, body: await response.json() };
  }

  async text(path: string): Promise<string> {
    return (await fetch(this.#url + path)).text();
  }

  /** The beginning of a response that does not end, up to `mark`. Not by `fetch`, which then opens a connection that it never uses. */
  async upTo(mark: string, path: string): Promise<string> {
    const asked = get(this.#url + path, { agent: false });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) if ((text += chunk as string).includes(mark)) break;
    return text;
  }

  /** Sends SIGTERM and waits for the end. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#exited;
  }

  /** Nest says that it has started before Fastify listens: only the port itself tells. */
  async #listening(): Promise<void> {
    while (!(await fetch(this.#url).then(Boolean, () => false))) {
      if (this.#process.exitCode !== null || this.#process.signalCode) throw new Error(`the app ended:\n${this.#output}`);
      await setTimeout(50);
    }
  }
}
