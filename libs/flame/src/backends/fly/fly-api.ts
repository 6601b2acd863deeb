import { FlyPace } from './fly-pace.js';
import type { Pace } from './fly-pace.js';
import type { FlyMachineInfo } from './fly-exit.js';
import { hideSecrets } from '../hide-secrets.js';

/** What came of a request that did not succeed; `status` is 0 where there was no answer. It shows neither the token nor what runners are told. */
export class FlyApiError extends Error {
  override readonly name = 'FlyApiError';

  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/**
 * The limits of the Machines API, per action and app or machine: https://fly.io/docs/machines/api/working-with-machines-api/#rate-limits. It takes 3
 * and 10 at once; we stay below that, because requests do not arrive as evenly as they leave.
 */
const actionPace: Pace = { perSecond: 1, burst: 2 };
const getPace: Pace = { perSecond: 5, burst: 8 };
/** The longest that the API waits for a state, in seconds. */
const longestWait = 60;
/** Time for an answer beyond what the API was asked to wait. */
const answerLimit = 30_000;
/** Time after which a refused request is tried again, where the platform does not say. */
const refusedPause = 1_000;

interface Request {
  readonly action: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the app. */
  readonly path: string;
  readonly pace?: Pace;
  readonly body?: object;
  /** Time for the answer, in milliseconds. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
  /** What no error may show, beside the token. */
  readonly secret?: string;
}

/** A client of Fly's Machines API for one app: the calls that machines need, at the pace that the platform takes. */
export class FlyApi {
  readonly app: string;
  readonly host: string;
  readonly #token: string;
  readonly #pace: FlyPace;

  constructor({ app, host, token }: { app: string; host: string; token: string }, pace = new FlyPace()) {
    this.app = app;
    this.host = host.replace(/\/$/, '');
    this.#token = token;
    this.#pace = pace;
  }

  /** Makes a machine. `signal` ends the wait for a turn; a request that is out is answered. */
  async create(body: object, secret: string, signal: AbortSignal): Promise<FlyMachineInfo> {
    return (await this.#send({
      action: 'create',
      method: 'POST',
      path: '/machines',
      body,
      secret,
      limit: 60_000,
      signal,
    })) as FlyMachineInfo;
  }

  /** Waits until a machine is in a state; false when it was not within a minute, or within `time` milliseconds. */
  async wait(
    { id, instance_id }: Pick<FlyMachineInfo, 'id' | 'instance_id'>,
    state: 'started' | 'stopped' | 'destroyed',
    signal?: AbortSignal,
    time = Infinity,
  ): Promise<boolean> {
    const timeout = Math.min(longestWait, Math.max(1, Math.ceil(time / 1_000)));
    // Without the instance the API refuses to wait for "stopped".
    const path = `/machines/${id}/wait?${new URLSearchParams({ state, instance_id, timeout: String(timeout) })}`;
    try {
      await this.#send({ action: `wait ${id}`, method: 'GET', path, limit: timeout * 1_000 + answerLimit, signal });
      return true;
    } catch (error) {
      if (error instanceof FlyApiError && error.status === 408) return false;
      throw error;
    }
  }

  /** A machine, undefined when there is none. */
  async get(id: string, signal?: AbortSignal): Promise<FlyMachineInfo | undefined> {
    return this.#orNone(this.#send({ action: `get ${id}`, method: 'GET', path: `/machines/${id}`, pace: getPace, signal }));
  }

  /** The machines with a piece of metadata. */
  async list(key: string, value: string, signal?: AbortSignal): Promise<readonly FlyMachineInfo[]> {
    const path = `/machines?${new URLSearchParams({ [`metadata.${key}`]: value })}`;
    return (await this.#send({ action: 'list', method: 'GET', path, signal })) as FlyMachineInfo[];
  }

  /** Sends SIGTERM, and SIGKILL after `timeout` milliseconds. */
  async stop(id: string, timeout: number): Promise<void> {
    const body = { signal: 'SIGTERM', timeout: `${Math.max(1, Math.ceil(timeout / 1_000))}s` };
    await this.#orNone(this.#send({ action: `stop ${id}`, method: 'POST', path: `/machines/${id}/stop`, body }));
  }

  /** Removes a machine, whatever it does. */
  async destroy(id: string): Promise<void> {
    await this.#orNone(this.#send({ action: `delete ${id}`, method: 'DELETE', path: `/machines/${id}?force=true` }));
  }

  /** What the API tells of the app; throws when it tells nothing. */
  async describe(signal?: AbortSignal): Promise<unknown> {
    return this.#send({ action: 'app', method: 'GET', path: '', signal });
  }

  async #orNone<T>(answer: Promise<unknown>): Promise<T | undefined> {
    try {
      return (await answer) as T;
    } catch (error) {
      if (error instanceof FlyApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async #send(request: Request): Promise<unknown> {
    const { action, pace = actionPace, signal } = request;
    await this.#pace.turn(action, pace, signal);
    for (;;) {
      const answer = await this.#fetch(request);
      if (answer.status !== 429) return this.#read(request, answer);
      await this.#pace.refused(action, pace, retryAfter(answer.headers.get('retry-after')), signal);
    }
  }

  async #fetch({ action, method, path, body, limit = answerLimit, signal }: Request): Promise<Response> {
    // A machine that is being made would be lost to us, and not to the bill, if we did not hear of it.
    const given = method === 'GET' && signal ? [signal] : [];
    try {
      return await fetch(`${this.host}/v1/apps/${encodeURIComponent(this.app)}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, ...(body && { 'content-type': 'application/json' }) },
        body: body && JSON.stringify(body),
        signal: AbortSignal.any([...given, AbortSignal.timeout(limit)]),
      });
    } catch (error) {
      if (method === 'GET') signal?.throwIfAborted();
      // fetch hides the reason in its cause, and shows headers in some of its errors.
      const { message, cause } = error as Error & { cause?: Error };
      const why = cause ? `${message}: ${cause.message}` : message;
      throw new FlyApiError(this.#hide(`${this.host} did not answer to "${action}": ${why}`), 0);
    }
  }

  async #read({ action, secret }: Request, answer: Response): Promise<unknown> {
    const text = await answer.text().catch(() => '');
    const json = parse(text);
    if (answer.ok) return json;
    const words = (json as { error?: unknown } | undefined)?.error ?? text;
    throw new FlyApiError(this.#hide(`the API answered ${answer.status} to "${action}": ${oneLine(words)}`, secret), answer.status);
  }

  #hide(text: string, secret?: string): string {
    return hideSecrets(text, [this.#token, secret]);
  }
}

/** The header's seconds or date, in milliseconds. */
function retryAfter(header: string | null): number {
  if (header === null) return refusedPause;
  const seconds = Number(header);
  const time = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1_000;
  return Math.min(60_000, Math.max(100, Number.isNaN(time) ? refusedPause : time));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function oneLine(words: unknown): string {
  const text = typeof words === 'string' ? words : JSON.stringify(words);
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 500) || 'nothing';
}
