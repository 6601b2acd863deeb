import { setTimeout as pause } from 'node:timers/promises';
import type { FlameLog } from '../../core/flame-log.js';
import type { OptionReader } from '../../core/options/option-reader.js';

/** How often a request that may be repeated is sent at most, and after a time without an answer. */
const mostTries = 3;
const mostSilentTries = 2;
/** Before a request is sent again, doubled each time; the platform may ask for more. */
const firstPause = 500;
/** The longest pause that a platform can ask for, and what all of them may add up to, in milliseconds. */
const longestPause = 60_000;
const mostPauses = 120_000;
/** What another try does not change: this process may not use the socket, or there is none. */
const final = new Set(['EACCES', 'EPERM', 'ENOENT']);
/** Node's longest timer. */
const longestTimer = 2 ** 31 - 1;

/** The option `requestTimeout`, which the backends of all platforms have. */
export interface RequestOptions {
  /**
   * Time for the platform's API to answer one request, in milliseconds; one that makes a machine may take four times that. `Infinity` for
   * no limit.
   *
   * @default 15_000
   */
  requestTimeout?: number;
}

/** Its default; a test compares the two. */
export const requestDefaults = { requestTimeout: 15_000 } as const;

export function readRequestTimeout(reader: OptionReader): number {
  return reader.duration('requestTimeout', requestDefaults.requestTimeout);
}

/** A request was not answered in time. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** The platform that is asked. */
export interface Platform {
  /** The backend's name. */
  readonly backend: string;
  /** Its API, for people: `the API server at https://10.0.0.1`. */
  readonly api: string;
  /** Milliseconds for one answer. */
  readonly requestTimeout: number;
  readonly log: Pick<FlameLog, 'warn'>;
  /** The HTTP status of an answer that the client threw; undefined or 0 where there was none. */
  readonly statusOf: (error: unknown) => number | undefined;
  /** Its `Retry-After` header. */
  readonly retryAfterOf?: (error: unknown) => string | undefined;
}

export interface RequestRules {
  /** To send it twice does no harm. */
  readonly repeat?: boolean;
  /** How many times `requestTimeout` an answer may take. @default 1 */
  readonly patience?: number;
  /** More milliseconds for the answer: what the platform was asked to wait. @default 0 */
  readonly wait?: number;
  /** Ends the request, and the waiting for the next one. */
  readonly signal?: AbortSignal;
}

/**
 * How a backend asks its platform. Each request has a limit, whatever the platform's client does: some never call back when a connection
 * breaks within an answer. It is repeated where that does no harm and may help, and a platform that does not answer is told of once, until
 * it answers again.
 */
export class PlatformRequests {
  readonly #platform: Platform;
  #silent = false;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Milliseconds after which a request that was repeated is given up. */
  get limit(): number {
    return this.#platform.requestTimeout * mostSilentTries;
  }

  /**
   * Asks, and gives the answer. `ask` gets a signal that ends its request; `what` is for people: "delete pod work-1".
   *
   * @throws {NoAnswer} when there was no answer in time; the signal's reason; what `ask` throws.
   */
  async send<T>(what: string, ask: (signal: AbortSignal) => Promise<T>, rules: RequestRules = {}): Promise<T> {
    const { signal } = rules;
    for (let tries = 1, waited = 0; ; tries++) {
      signal?.throwIfAborted();
      try {
        const answer = await this.#once(what, ask, rules);
        this.#silent = false;
        return answer;
      } catch (error) {
        signal?.throwIfAborted();
        const time = this.#pauseAfter(error, tries, rules.repeat === true);
        this.#tell(error, time !== undefined);
        if (time === undefined || waited + time > mostPauses) throw error;
        waited += time;
        await pause(time, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /**
   * Asks for what is answered when something happens; undefined when nothing has for `time` milliseconds. Whoever asks again then notices a
   * connection that is dead.
   */
  async poll<T>(what: string, ask: (signal: AbortSignal) => Promise<T>, time: number, signal?: AbortSignal): Promise<T | undefined> {
    try {
      return await this.#once(what, ask, { patience: 0, wait: time, signal });
    } catch (error) {
      if (error instanceof NoAnswer) return undefined;
      throw error;
    }
  }

  async #once<T>(what: string, ask: (signal: AbortSignal) => Promise<T>, { patience = 1, wait = 0, signal }: RequestRules): Promise<T> {
    const { api, requestTimeout } = this.#platform;
    const limit = requestTimeout * patience + wait;
    const end = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      end.signal.addEventListener('abort', () => reject(end.signal.reason as Error), { once: true });
      if (limit <= longestTimer)
        timer = setTimeout(() => end.abort(new NoAnswer(`${api} did not answer to "${what}" within ${limit} ms`)), limit);
    });
    const leave = (): void => end.abort(signal!.reason);
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([ask(end.signal), late]);
    } catch (error) {
      // What the client makes of the abort says less.
      throw end.signal.aborted ? end.signal.reason : error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
    }
  }

  /** Undefined where another try is of no use, or might do harm. */
  #pauseAfter(error: unknown, tries: number, repeat: boolean): number | undefined {
    const status = this.#platform.statusOf(error) || undefined;
    const backoff = firstPause * 2 ** (tries - 1);
    // It has refused to begin, and says when to come again.
    if (status === 429) return Math.max(backoff, retryAfter(this.#platform.retryAfterOf?.(error)) ?? 0);
    if (!repeat || tries >= (error instanceof NoAnswer ? mostSilentTries : mostTries)) return undefined;
    if (status === undefined) return final.has((error as NodeJS.ErrnoException).code ?? '') ? undefined : backoff;
    return status >= 500 ? Math.max(backoff, retryAfter(this.#platform.retryAfterOf?.(error)) ?? 0) : undefined;
  }

  #tell(error: unknown, again: boolean): void {
    const { backend, api, log } = this.#platform;
    if (!(error instanceof NoAnswer) || this.#silent) return;
    this.#silent = true;
    log.warn(`${backend}: ${error.message}${again ? '; trying again' : ''}. Look at ${api}, or raise requestTimeout.`);
  }
}

/** The header's seconds or date, in milliseconds. */
export function retryAfter(header: string | null | undefined): number | undefined {
  if (!header) return undefined;
  const seconds = Number(header);
  const time = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1_000;
  return Number.isNaN(time) ? undefined : Math.min(longestPause, Math.max(0, time));
}
