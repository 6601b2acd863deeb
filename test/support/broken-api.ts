import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request as tests match it: `GET /version`, without its query. */
export interface Asked {
  readonly line: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
}

/** `silent`: the request is accepted, but never answered. `cut`: the connection breaks during the answer. `stream`: an answer without an end. */
export type Answer =
  'silent' | 'cut' | 'stream' | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> };

/** A stand-in for a platform's API, on loopback, that breaks as the test says. It answers only the requests of these tests. */
export class BrokenApi {
  /** The requests so far, in order. */
  readonly asked: string[] = [];
  /** Replaces its usual answers; undefined for the usual ones. */
  broken: (asked: Asked) => Answer | undefined = () => undefined;
  readonly #usual: (asked: Asked) => Answer;
  readonly #streams = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => void this.#take(request, response));

  constructor(usual: (asked: Asked) => Answer) {
    this.#usual = usual;
    onTestFinished(() => {
      this.#server.close();
      this.#server.closeAllConnections();
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Writes to all answers that have no end. */
  tell(value: object): void {
    for (const stream of this.#streams) stream.write(`${JSON.stringify(value)}\n`);
  }

  /** The number of matching requests. */
  count(pattern: RegExp): number {
    return this.asked.filter((line) => pattern.test(line)).length;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const part of request) text += String(part);
    const url = new URL(request.url!, 'http://localhost');
    const asked = { line: `${request.method} ${url.pathname}`, query: url.searchParams, body: text === '' ? {} : JSON.parse(text) };
    this.asked.push(asked.line);
    const answer = this.broken(asked) ?? this.#usual(asked);
    if (answer === 'silent') return;
    if (answer === 'cut') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 });
      response.write('{"items":[', () => request.socket.destroy());
    } else if (answer === 'stream') {
      this.#streams.add(response);
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    } else {
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(JSON.stringify(answer.body ?? {}));
    }
  }
}
