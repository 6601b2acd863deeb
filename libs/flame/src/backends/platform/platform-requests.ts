import { setTimeout as pause } from 'node:timers/promises';
import type { FlameLog } from '../../core/flame-log.js';
import type { OptionReader } from '../../core/options/option-reader.js';

/** The most tries of a request that may be repeated: in general, and if it gets no answer in time. */
const mostTries = 3;
const mostSilentTries = 2;
/** The pause before the first repetition, in milliseconds. It doubles each time, and the platform may ask for a longer one. */
const firstPause = 500;
/** The longest pause that a platform can ask for, and the longest sum of all pauses, in milliseconds. */
const longestPause = 60_000;
const mostPauses = 120_000;
/** Errors that a repetition does not change: this process may not use the socket, or there is none. */
const final = new Set(['EACCES', 'EPERM', 'ENOENT']);
/** Node's longest timer. */
const longestTimer = 2 ** 31 - 1;

/** The option `requestTimeout`, which the backends of all platforms have. */
export interface RequestOptions {
  /**
   * Time for the platform's API to answer one request, in milliseconds. A request that makes a machine may take four times as long.
   * `Infinity` for no limit.
   *
   * @default 15_000
   */
  requestTimeout?: number;
}

/** The default of `requestTimeout`. A test compares it with the docstring. */
export const requestDefaults = { requestTimeout: 15_000 } as const;

export function readRequestTimeout(reader: OptionReader): number {
  return reader.duration('requestTimeout', requestDefaults.requestTimeout);
}

/** A request was not answered in time. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** The platform that requests are sent to. */
export interface Platform {
  /** The backend's name. */
  readonly backend: string;
  /** The platform's API, for people: `the API server at https://10.0.0.1`. */
  readonly api: string;
  /** Milliseconds for one answer. */
  readonly requestTimeout: number;
  readonly log: Pick<FlameLog, 'warn'>;
  /** The HTTP status of an error that the client threw; undefined or 0 if there was no answer. */
  readonly statusOf: (error: unknown) => number | undefined;
  /** The `Retry-After` header of such an error. */
  readonly retryAfterOf?: (error: unknown) => string | undefined;
}

export interface RequestRules {
  /** The request may be sent twice without harm. */
  readonly repeat?: boolean;
  /** Multiplies `requestTimeout` for this request. @default 1 */
  readonly patience?: number;
  /** Added to the limit, in milliseconds: the time for which the platform was asked to wait. @default 0 */
  readonly wait?: number;
  /** Ends the request, and the pause before a repetition. */
  readonly signal?: AbortSignal;
}

/**
 * Sends a backend's requests to its platform. Each request has a limit of its own, because some clients never report that a connection
 * broke during an answer. A request is repeated if this does no harm and may help. If the platform does not answer, one warning is logged
 * until it answers again.
 */
export class PlatformRequests {
  readonly #platform: Platform;
  #silent = false;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Milliseconds after which a repeated request is given up. */
  get limit(): number {
    return this.#platform.requestTimeout * mostSilentTries;
  }

  /**
   * Sends a request and resolves to its answer. `ask` gets a signal that ends the request. `what` is for people: "delete pod work-1".
   *
   * @throws {NoAnswer} when there was no answer in time; the signal's reason; any error that `ask` throws.
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
        this.#warnOfSilence(error, time !== undefined);
        if (time === undefined || waited + time > mostPauses) throw error;
        waited += time;
        await pause(time, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /**
   * Sends a request that the platform answers when an event happens. Resolves to undefined if there is no event for `time` milliseconds. A
   * caller that then polls again notices a dead connection.
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
        timer = setTimeout(() => end.abort(new NoAnswer(`${api} did not answer the request "${what}" within ${limit} ms`)), limit);
    });
    const leave = (): void => end.abort(signal!.reason);
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([ask(end.signal), late]);
    } catch (error) {
      // The client's own error for the abort is less precise.
      throw end.signal.aborted ? end.signal.reason : error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
    }
  }

  /** Undefined if a repetition is useless or may do harm. */
  #pauseAfter(error: unknown, tries: number, repeat: boolean): number | undefined {
    const status = this.#platform.statusOf(error) || undefined;
    const backoff = firstPause * 2 ** (tries - 1);
    // With 429 the platform has not begun the request, so a repetition is safe. `Retry-After` gives the pause.
    if (status === 429) return Math.max(backoff, retryAfter(this.#platform.retryAfterOf?.(error)) ?? 0);
    if (!repeat || tries >= (error instanceof NoAnswer ? mostSilentTries : mostTries)) return undefined;
    if (status === undefined) return final.has((error as NodeJS.ErrnoException).code ?? '') ? undefined : backoff;
    return status >= 500 ? Math.max(backoff, retryAfter(this.#platform.retryAfterOf?.(error)) ?? 0) : undefined;
  }

  #warnOfSilence(error: unknown, again: boolean): void {
    const { backend, api, log } = this.#platform;
    if (!(error instanceof NoAnswer) || this.#silent) return;
    this.#silent = true;
    log.warn(`${backend}: ${error.message}${again ? '; trying again' : ''}. Check ${api}, or raise requestTimeout.`);
  }
}

/** The header's seconds or date as a pause in milliseconds. */
export function retryAfter(header: string | null | undefined): number | undefined {
  if (!header) return undefined;
  const seconds = Number(header);
  const time = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1_000;
  return Number.isNaN(time) ? undefined : Math.min(longestPause, Math.max(0, time));
}
