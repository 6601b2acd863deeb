import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../../pool/calls/caller.js';

/**
 * Knows which HTTP request the code around answers: as middleware of the app it sets each request's context. Made only where
 * `linkToRequest` asks for it.
 */
export class RequestLink {
  readonly #requests = new AsyncLocalStorage<RequestCaller>();

  /** Whom a call made here and now is for; undefined outside of requests. */
  readonly caller = (): Caller | undefined => this.#requests.getStore();

  /** For Node's own requests and responses, which Express's are and which Fastify hands to middleware. */
  readonly middleware = (request: IncomingMessage, response: ServerResponse, next: () => void): void =>
    this.#requests.run(new RequestCaller(request, response), next);
}

/** The client of one request. */
class RequestCaller implements Caller {
  readonly #followers = new Set<(reason: string) => void>();
  #gone: string | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    response.once('close', () => {
      if (!response.writableEnded) this.#leave(request);
      this.#followers.clear();
    });
  }

  get gone(): string | undefined {
    return this.#gone;
  }

  /** Apart from events and signals, whose listeners are counted: a request may make any number of calls. */
  follow(left: (reason: string) => void): () => void {
    this.#followers.add(left);
    return () => this.#followers.delete(left);
  }

  #leave({ method, url = '' }: IncomingMessage): void {
    // What is after the path may be secret.
    this.#gone = `the client of the request ${method} ${url.split('?', 1)[0]} has gone`;
    for (const left of this.#followers) left(this.#gone);
  }
}
