import { FlyPace } from './fly-pace.js';
import type { Pace } from './fly-pace.js';
import { FlyApiError } from './fly-failure.js';
import type { FlyMachineInfo } from './fly-exit.js';
import { hideSecrets } from '../launch/hide-secrets.js';
import { NoAnswer, PlatformRequests, retryAfter } from '../platform/platform-requests.js';
import type { Platform, RequestRules } from '../platform/platform-requests.js';

/**
 * Rate limits of the Machines API, per action and per app or machine:
 * https://fly.io/docs/machines/api/working-with-machines-api/#rate-limits. The API accepts bursts of 3 and 10 requests. These bursts are
 * lower, because requests arrive less evenly than they are sent.
 */
const actionPace: Pace = { perSecond: 1, burst: 2 };
const getPace: Pace = { perSecond: 5, burst: 8 };
/** The longest time that the API waits for a state, in seconds. */
const longestWait = 60;
/** Pauses after a refused request, in milliseconds: the default if the platform gives none, and the minimum. */
const refusedPause = 1_000;
const leastPause = 100;
/** Time for which a refused request is retried, in milliseconds. */
const refusedFor = 120_000;

interface Request extends Pick<RequestRules, 'repeat' | 'patience' | 'wait' | 'signal'> {
  readonly action: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** The path relative to the app. */
  readonly path: string;
  readonly pace?: Pace;
  readonly body?: object;
  /** A secret that no error may show, in addition to the token. */
  readonly secret?: string;
}

interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly retryAfter: string | null;
  readonly text: string;
}

/** A client of Fly's Machines API for one app. It provides the requests that machines need, and observes the API's rate limits. */
export class FlyApi {
  readonly app: string;
  readonly host: string;
  readonly #token: string;
  readonly #pace: FlyPace;
  readonly requests: PlatformRequests;

  constructor(
    { app, host, token, requestTimeout, log }: { app: string; host: string; token: string } & Pick<Platform, 'requestTimeout' | 'log'>,
    pace = new FlyPace(),
  ) {
    this.app = app;
    this.host = host.replace(/\/$/, '');
    this.#token = token;
    this.#pace = pace;
    this.requests = new PlatformRequests({
      backend: 'fly',
      api: `the Machines API at ${this.host}`,
      requestTimeout,
      log,
      statusOf: (error) => (error instanceof FlyApiError ? error.status : undefined),
      retryAfterOf: (error) => (error as FlyApiError).retryAfter,
    });
  }

  /** Makes a machine. `signal` ends the wait for the rate limit, but not a request that was already sent. */
  async create(body: object, secret: string, signal: AbortSignal): Promise<FlyMachineInfo> {
    return (await this.#send({
      action: 'create',
      method: 'POST',
      path: '/machines',
      body,
      secret,
      patience: 4,
      signal,
    })) as FlyMachineInfo;
  }

  /** Waits until a machine is in a state. Resolves to false if that did not happen within a minute, or within `time` milliseconds. */
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
      await this.#send({ action: `wait ${id}`, method: 'GET', path, wait: timeout * 1_000, signal });
      return true;
    } catch (error) {
      if (error instanceof FlyApiError && error.status === 408) return false;
      throw error;
    }
  }

  /** Returns a machine; undefined if it does not exist. */
  async get(id: string, signal?: AbortSignal): Promise<FlyMachineInfo | undefined> {
    return this.#orNone(this.#send({ action: `get ${id}`, method: 'GET', path: `/machines/${id}`, pace: getPace, repeat: true, signal }));
  }

  /** Lists the machines with this metadata. */
  async list(key: string, value: string, signal?: AbortSignal): Promise<readonly FlyMachineInfo[]> {
    const path = `/machines?${new URLSearchParams({ [`metadata.${key}`]: value })}`;
    return (await this.#send({ action: 'list', method: 'GET', path, repeat: true, signal })) as FlyMachineInfo[];
  }

  /** Sends SIGTERM, and SIGKILL after `timeout` milliseconds. */
  async stop(id: string, timeout: number): Promise<void> {
    const body = { signal: 'SIGTERM', timeout: `${Math.max(1, Math.ceil(timeout / 1_000))}s` };
    await this.#orNone(this.#send({ action: `stop ${id}`, method: 'POST', path: `/machines/${id}/stop`, body, repeat: true }));
  }

  /** Removes a machine in any state. */
  async destroy(id: string): Promise<void> {
    await this.#orNone(this.#send({ action: `delete ${id}`, method: 'DELETE', path: `/machines/${id}?force=true`, repeat: true }));
  }

  /** Returns the API's description of the app; throws if there is none. */
  async describe(signal?: AbortSignal): Promise<unknown> {
    return this.#send({ action: 'app', method: 'GET', path: '', repeat: true, signal });
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
    for (let waited = 0; ;) {
      const answer = await this.#answer(request);
      if (answer.status !== 429) return this.#read(request, answer);
      const time = Math.max(leastPause, retryAfter(answer.retryAfter) ?? refusedPause);
      waited += time;
      if (waited > refusedFor) throw this.#refusal(request, answer);
      await this.#pace.refused(action, pace, time, signal);
    }
  }

  async #answer(request: Request): Promise<Answer> {
    const { action, method, repeat, patience, wait, signal } = request;
    // Only GET requests are aborted. If the creation of a machine were aborted, its id would be lost while Fly charges for it.
    const rules = { repeat, patience, wait, signal: method === 'GET' ? signal : undefined };
    try {
      return await this.requests.send(action, (ending) => this.#fetch(request, ending), rules);
    } catch (error) {
      throw error instanceof NoAnswer ? new FlyApiError(error.message, 0) : error;
    }
  }

  async #fetch(request: Request, signal: AbortSignal): Promise<Answer> {
    const { action, method, path, body } = request;
    let answer: Answer;
    try {
      const response = await fetch(`${this.host}/v1/apps/${encodeURIComponent(this.app)}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, ...(body && { 'content-type': 'application/json' }) },
        body: body && JSON.stringify(body),
        signal,
      });
      const { status, ok, headers } = response;
      answer = { status, ok, retryAfter: headers.get('retry-after'), text: await response.text() };
    } catch (error) {
      // fetch puts the reason into `cause`, and shows headers in some of its errors.
      const { message, cause } = error as Error & { cause?: Error };
      const why = cause ? `${message}: ${cause.message}` : message;
      throw new FlyApiError(this.#hide(`${this.host} did not answer the request "${action}": ${why}`), 0);
    }
    if (answer.status >= 500) throw this.#refusal(request, answer);
    return answer;
  }

  #read(request: Request, answer: Answer): unknown {
    if (!answer.ok) throw this.#refusal(request, answer);
    return parse(answer.text);
  }

  #refusal({ action, secret }: Request, { status, text, retryAfter: again }: Answer): FlyApiError {
    const words = (parse(text) as { error?: unknown } | undefined)?.error ?? text;
    const message = this.#hide(`the API answered the request "${action}" with ${status}: ${oneLine(words)}`, secret);
    return new FlyApiError(message, status, again ?? undefined);
  }

  #hide(text: string, secret?: string): string {
    return hideSecrets(text, [this.#token, secret]);
  }
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
