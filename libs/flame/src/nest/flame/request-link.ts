import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../../pool/calls/caller.js';

/**
 * Tells which HTTP request the current code answers. Its middleware sets the context of each request. Made only if `linkToRequest` is on.
 */
export class RequestLink {
  readonly #requests = new AsyncLocalStorage<RequestCaller>();

  /** The client of the current request; undefined outside of requests. */
  readonly caller = (): Caller | undefined => this.#requests.getStore();

  /** Takes Node's own request and response, which Express extends and Fastify passes to middleware. */
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

  /** A set in place of events, whose listeners Node counts: a request may make any number of calls. */
  follow(left: (reason: string) => void): () => void {
    this.#followers.add(left);
    return () => this.#followers.delete(left);
  }

  #leave({ method, url = '' }: IncomingMessage): void {
    // The query may be secret.
    this.#gone = `the client of the request ${method} ${url.split('?', 1)[0]} disconnected`;
    for (const left of this.#followers) left(this.#gone);
  }
}
