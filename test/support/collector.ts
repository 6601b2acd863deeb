import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A stand-in for an OpenTelemetry collector, on loopback, that records the names of spans. If `silent`, it never answers. */
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

  /** Resolves when it has received that many spans. */
  async has(count: number): Promise<void> {
    while (this.spans.length < count) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }
}
