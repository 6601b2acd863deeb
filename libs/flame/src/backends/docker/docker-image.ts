import type Docker from 'dockerode';
import type { FlameLog } from '../../core/flame-log.js';
import { BootError } from '../../core/errors/boot-error.js';
import type { DockerEngine } from './docker-api.js';
import { dockerFailure, statusOf } from './docker-failure.js';
import type { DockerAuth } from './docker-options.js';

/** The interval between the progress messages of a pull, in milliseconds. */
const progressEvery = 5_000;
/**
 * Time without progress after which a pull counts as failed, in milliseconds. It is long because checking and unpacking large layers gives
 * no progress.
 */
const longestSilence = 300_000;

interface PullEvent {
  readonly id?: string;
  readonly status?: string;
  readonly error?: string;
}

/** Makes sure that the engine has the image. Concurrent boots share one pull. */
export class DockerImage {
  readonly #engine: Pick<DockerEngine, 'ask'>;
  readonly #name: string;
  readonly #auth: DockerAuth | undefined;
  readonly #log: FlameLog;
  readonly #close = new AbortController();
  #pulling: Promise<void> | undefined;

  constructor(engine: Pick<DockerEngine, 'ask'>, name: string, auth: DockerAuth | undefined, log: FlameLog) {
    this.#engine = engine;
    this.#name = name;
    this.#auth = auth;
    this.#log = log;
  }

  /** Whether the engine has the image. */
  async isThere(): Promise<boolean> {
    try {
      await this.#engine.ask(`inspect image ${this.#name}`, (docker) => docker.getImage(this.#name).inspect(), { repeat: true });
      return true;
    } catch (error) {
      if (statusOf(error) === 404) return false;
      throw error;
    }
  }

  /**
   * Pulls the image. Stops waiting when `signal` aborts, but the pull goes on, because other boots may wait for it. @throws {BootError}
   * with the registry's error text.
   */
  async pull(signal: AbortSignal): Promise<void> {
    this.#pulling ??= this.#pull().finally(() => (this.#pulling = undefined));
    const pulling = this.#pulling;
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', leave, { once: true });
      if (signal.aborted) leave();
      pulling.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  /** Aborts a running pull. */
  async close(): Promise<void> {
    this.#close.abort(new BootError('docker: the backend was closed', { phase: 'create' }));
    await this.#pulling?.catch(() => undefined);
  }

  async #pull(): Promise<void> {
    const begun = performance.now();
    this.#log.log(`docker: pulling ${this.#name}`);
    try {
      const heard = new SilenceLimit(longestSilence);
      const fetch = async (docker: Docker): Promise<void> => {
        const options = { ...(this.#auth && { authconfig: { ...this.#auth } }) };
        // Without a tag the engine would pull all tags.
        await this.#follow(docker, await docker.pull(withTag(this.#name), options), heard);
      };
      const signal = AbortSignal.any([this.#close.signal, heard.signal]);
      await this.#engine.ask(`pull ${this.#name}`, fetch, { wait: Infinity, signal }).finally(() => heard.end());
    } catch (error) {
      throw dockerFailure(error, 'create', `the image ${this.#name} could not be pulled`, Object.values(this.#auth ?? {}));
    }
    this.#log.log(`docker: pulled ${this.#name} in ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
  }

  async #follow({ modem }: Docker, stream: NodeJS.ReadableStream, heard: SilenceLimit): Promise<void> {
    const layers = new Map<string, string>();
    let told = performance.now();
    const take = ({ id, status, error }: PullEvent): void => {
      heard.again();
      if (error !== undefined || id === undefined || status === undefined) return;
      layers.set(id, status);
      if (performance.now() - told < progressEvery) return;
      told = performance.now();
      const done = [...layers.values()].filter((state) => state === 'Pull complete' || state === 'Already exists').length;
      this.#log.log(`docker: pulling ${this.#name}: ${done} of ${layers.size} layers`);
    };
    await new Promise<void>((resolve, reject) => {
      modem.followProgress(stream, (error: Error | null) => (error ? reject(error) : resolve()), take);
    });
  }
}

/** Aborts if `again` is not called for `limit` milliseconds. */
class SilenceLimit {
  readonly #end = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(limit: number) {
    this.#timer = setTimeout(() => this.#end.abort(new Error(`the engine sent nothing for ${limit} ms`)), limit);
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  again(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Adds the default tag: `app` means `app:latest`, and `host:5000/app` has no tag. */
function withTag(image: string): string {
  return /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
}
