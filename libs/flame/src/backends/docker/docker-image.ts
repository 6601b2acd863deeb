import type Docker from 'dockerode';
import type { FlameLog } from '../../core/flame-log.js';
import { BootError } from '../../core/errors/boot-error.js';
import type { DockerEngine } from './docker-api.js';
import { dockerFailure, statusOf } from './docker-failure.js';
import type { DockerAuth } from './docker-options.js';

/** How often a pull says how far it is. */
const progressEvery = 5_000;
/** After which a pull that says nothing counts as dead, in milliseconds: large layers are checked and unpacked in silence. */
const longestSilence = 300_000;

interface PullEvent {
  readonly id?: string;
  readonly status?: string;
  readonly error?: string;
}

/** Sees to it that the engine has the image. Boots that want the same pull share it. */
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

  /** Whether the engine has it. */
  async isThere(): Promise<boolean> {
    try {
      await this.#engine.ask(`inspect image ${this.#name}`, (docker) => docker.getImage(this.#name).inspect(), { repeat: true });
      return true;
    } catch (error) {
      if (statusOf(error) === 404) return false;
      throw error;
    }
  }

  /** Fetches it. Gives up waiting when `signal` aborts: others may still want it. @throws {BootError} with the registry's words. */
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

  /** Ends a pull that is on its way. */
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
        // Without a tag the engine would fetch them all.
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

/** Aborts when nothing is heard for that long. */
class SilenceLimit {
  readonly #end = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(limit: number) {
    this.#timer = setTimeout(() => this.#end.abort(new Error(`the engine said nothing for ${limit} ms`)), limit);
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

/** `app` means `app:latest`, and `host:5000/app` has no tag. */
function withTag(image: string): string {
  return /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
}
