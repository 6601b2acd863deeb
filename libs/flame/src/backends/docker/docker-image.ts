import type Docker from 'dockerode';
import type { FlameLog } from '../../core/flame-log.js';
import { BootError } from '../../core/boot-error.js';
import { dockerFailure, statusOf } from './docker-failure.js';
import type { DockerAuth } from './docker-options.js';

/** How often a pull says how far it is. */
const progressEvery = 5_000;

interface PullEvent {
  readonly id?: string;
  readonly status?: string;
  readonly error?: string;
}

/** Sees to it that the engine has the image. Boots that want the same pull share it. */
export class DockerImage {
  readonly #docker: Docker;
  readonly #name: string;
  readonly #auth: DockerAuth | undefined;
  readonly #log: FlameLog;
  readonly #close = new AbortController();
  #pulling: Promise<void> | undefined;

  constructor(docker: Docker, name: string, auth: DockerAuth | undefined, log: FlameLog) {
    this.#docker = docker;
    this.#name = name;
    this.#auth = auth;
    this.#log = log;
  }

  /** Whether the engine has it. */
  async isThere(): Promise<boolean> {
    try {
      await this.#docker.getImage(this.#name).inspect();
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
      const options = { ...(this.#auth && { authconfig: this.#auth }), abortSignal: this.#close.signal };
      // Without a tag the engine would fetch them all.
      const stream = await this.#docker.pull(withTag(this.#name), options as object);
      await this.#follow(stream);
    } catch (error) {
      throw dockerFailure(error, 'create', `the image ${this.#name} could not be pulled`, Object.values(this.#auth ?? {}));
    }
    this.#log.log(`docker: pulled ${this.#name} in ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
  }

  async #follow(stream: NodeJS.ReadableStream): Promise<void> {
    const layers = new Map<string, string>();
    let told = performance.now();
    const take = ({ id, status, error }: PullEvent): void => {
      if (error !== undefined || id === undefined || status === undefined) return;
      layers.set(id, status);
      if (performance.now() - told < progressEvery) return;
      told = performance.now();
      const done = [...layers.values()].filter((state) => state === 'Pull complete' || state === 'Already exists').length;
      this.#log.log(`docker: pulling ${this.#name}: ${done} of ${layers.size} layers`);
    };
    await new Promise<void>((resolve, reject) => {
      this.#docker.modem.followProgress(stream, (error: Error | null) => (error ? reject(error) : resolve()), take);
    });
  }
}

/** `app` means `app:latest`, and `host:5000/app` has no tag. */
function withTag(image: string): string {
  return /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
}
