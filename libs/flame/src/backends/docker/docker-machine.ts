import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { FlameLog } from '../../core/flame-log.js';
import type { Machine, MachineExit } from '../backend.js';
import { dockerExit, signalName } from './docker-exit.js';
import { statusOf, wordsOf } from './docker-failure.js';
import type { ContainerOutput } from './docker-output.js';

/** How long the last output of a container that has ended may take. */
const lastLinesWait = 2_000;
/** After which a connection to the engine that broke is tried again. */
const askAgain = 1_000;
/** How long a container may take to end after SIGKILL, before the engine is told to remove it as it is. */
const killWait = 10_000;
/** How long after the end of a container the engine may write down who had it killed. */
const signalWait = 250;
/** Node's longest timer. */
const longestTimer = 2 ** 31 - 1;

/** What a machine is made of. */
export interface StartedContainer {
  readonly docker: Docker;
  readonly container: Docker.Container;
  readonly output: ContainerOutput;
  /** Leave it when it has ended. */
  readonly keep: boolean;
  readonly log: FlameLog;
  /** Ends it when it aborts. */
  readonly signal: AbortSignal;
}

/** A container that was started, as a machine. It owns the container, and removes it when it has ended and what it printed was read. */
export class DockerMachine implements Machine {
  readonly id: string;
  readonly exited: Promise<MachineExit>;
  readonly #docker: Docker;
  readonly #container: Docker.Container;
  readonly #output: ContainerOutput;
  readonly #keep: boolean;
  readonly #log: FlameLog;
  #stopped = false;
  #gone = false;

  constructor({ docker, container, output, keep, log, signal }: StartedContainer) {
    this.#docker = docker;
    this.#container = container;
    this.#output = output;
    this.#keep = keep;
    this.#log = log;
    this.id = shortId(container.id);
    const abort = (): void => void this.stop(0).catch((error: Error) => log.error(error.message));
    signal.addEventListener('abort', abort, { once: true });
    this.exited = this.#follow().finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  }

  /**
   * SIGTERM to the runner, which lets its handlers finish, and after `grace` SIGKILL. A later call can only shorten the time.
   *
   * @throws {Error} when the engine cannot be told.
   */
  async stop(grace: number): Promise<void> {
    if (!this.#gone) {
      const first = !this.#stopped;
      this.#stopped = true;
      if (grace <= 0) await this.#kill();
      else {
        if (first) await this.#signal('SIGTERM');
        if (grace <= longestTimer)
          setTimeout(() => void this.#kill().catch((error: Error) => this.#log.error(error.message)), grace).unref();
      }
    }
    await this.exited;
  }

  async #follow(): Promise<MachineExit> {
    await this.#ended();
    this.#gone = true;
    await Promise.race([this.#output.ended, pause(lastLinesWait, undefined, { ref: false })]);
    const exit = await this.#howItEnded();
    if (!this.#keep) await this.#remove();
    return exit;
  }

  /** The engine keeps a request open until the container has ended. */
  async #ended(): Promise<void> {
    for (;;) {
      try {
        await this.#container.wait({ condition: 'not-running' });
        return;
      } catch (error) {
        if (statusOf(error) === 404) return;
        // The engine is restarting, which need not end its containers.
        await pause(askAgain, undefined, { ref: false });
      }
    }
  }

  async #howItEnded(): Promise<MachineExit> {
    try {
      const { State, HostConfig } = await this.#container.inspect();
      const { ExitCode: code, OOMKilled: oomKilled } = State;
      // Who sent a signal is worth a word, not more.
      const sent = this.#stopped ? [] : await this.#signalsSent(State).catch(() => []);
      return dockerExit({
        code,
        oomKilled,
        memoryLimit: HostConfig.Memory ?? 0,
        stopped: this.#stopped,
        heapFull: this.#output.heapFull,
        sent,
      });
    } catch (error) {
      if (this.#stopped) return { how: 'stopped', text: 'stopped' };
      if (statusOf(error) === 404) return { how: 'vanished', text: 'its container was removed by somebody else' };
      return { how: 'vanished', text: `it ended, and the engine does not say how: ${wordsOf(error)}` };
    }
  }

  /** What others had the engine send, in its order: the engine remembers its last events. */
  async #signalsSent({
    ExitCode: code,
    StartedAt,
    FinishedAt,
  }: {
    ExitCode: number;
    StartedAt: string;
    FinishedAt: string;
  }): Promise<string[]> {
    // A signal that ended it at once may be written down after its end.
    const late = code > 128 ? signalWait : 1;
    const seconds = (time: string, more = 0): string => ((Date.parse(time) + more) / 1_000).toFixed(3);
    const filters = { container: [this.#container.id], event: ['kill'] };
    const stream = await this.#docker.getEvents({ since: seconds(StartedAt), until: seconds(FinishedAt, late), filters } as object);
    let text = '';
    for await (const part of stream) text += String(part);
    const events = text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as { Actor: { Attributes: { signal?: string } } });
    return events.map(({ Actor }) => signalName(Actor.Attributes.signal ?? ''));
  }

  async #kill(): Promise<void> {
    await this.#signal('SIGKILL');
    setTimeout(() => !this.#gone && void this.#remove(), killWait).unref();
  }

  async #signal(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#gone) return;
    try {
      await this.#container.kill({ signal });
    } catch (error) {
      // It has ended, or is not there any more.
      if (statusOf(error) === 404 || statusOf(error) === 409) return;
      throw new Error(`docker: container ${this.id} could not be stopped: ${wordsOf(error)}`, { cause: error });
    }
  }

  async #remove(): Promise<void> {
    await removeContainer(this.#container).catch((error: Error) => this.#log.error(error.message));
  }
}

/** As docker prints it. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** With its anonymous volumes. @throws {Error} that says how to do it by hand. */
export async function removeContainer(container: Docker.Container): Promise<void> {
  try {
    await container.remove({ force: true, v: true });
  } catch (error) {
    // It is not there, or is being removed.
    if (statusOf(error) === 404 || statusOf(error) === 409) return;
    const id = shortId(container.id);
    throw new Error(`docker: container ${id} could not be removed: ${wordsOf(error)}. Remove it with: docker rm -f ${id}`, {
      cause: error,
    });
  }
}
