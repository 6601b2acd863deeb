import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { FlameLog } from '../../core/flame-log.js';
import type { Machine, MachineExit } from '../backend.js';
import { endsWithin } from '../platform/machine-end.js';
import type { Leftovers } from '../platform/leftovers.js';
import type { DockerEngine } from './docker-api.js';
import { dockerExit, signalName } from './docker-exit.js';
import { statusOf, wordsOf } from './docker-failure.js';
import type { ContainerOutput } from './docker-output.js';

/** Time for the last output of an ended container, in milliseconds. */
const lastLinesWait = 2_000;
/** The pause before a broken connection to the engine is retried, in milliseconds. */
const askAgain = 1_000;
/** Time for a container to end after SIGKILL, in milliseconds. After that the engine is asked to remove it. */
const killWait = 10_000;
/** Time after the end of a container in which the engine may still record the signal that ended it, in milliseconds. */
const signalWait = 250;
/** Time for which one request waits for a container's end, in milliseconds. The next request uses a new connection. */
const waitFor = 60_000;
/** Time in which an engine may still execute a request that it did not answer, in milliseconds. */
const mayComeFor = 60_000;

/** The parts of a DockerMachine. */
export interface StartedContainer {
  readonly engine: DockerEngine;
  /** The container's id. */
  readonly id: string;
  readonly output: ContainerOutput;
  readonly leftovers: Leftovers;
  /** Whether to keep the ended container. */
  readonly keep: boolean;
  readonly log: FlameLog;
  /** Stops the machine when it aborts. */
  readonly signal: AbortSignal;
}

/** A started container, as a machine. It owns the container, and removes it when it has ended and its output has been read. */
export class DockerMachine implements Machine {
  readonly id: string;
  readonly exited: Promise<MachineExit>;
  readonly #engine: DockerEngine;
  readonly #full: string;
  readonly #output: ContainerOutput;
  readonly #leftovers: Leftovers;
  /** Aborts when `Leftovers` takes over the removal. */
  readonly #left = new AbortController();
  readonly #keep: boolean;
  readonly #log: FlameLog;
  #stopped = false;
  #gone = false;

  constructor({ engine, id, output, leftovers, keep, log, signal }: StartedContainer) {
    this.#engine = engine;
    this.#leftovers = leftovers;
    this.#full = id;
    this.#output = output;
    this.#keep = keep;
    this.#log = log;
    this.id = shortId(id);
    const abort = (): void => void this.stop(0).catch((error: Error) => log.error(error.message));
    signal.addEventListener('abort', abort, { once: true });
    this.exited = this.#follow().finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  }

  /**
   * Ends the container. Sends SIGTERM, so that handlers can finish, and SIGKILL after `grace` milliseconds. A later call can only shorten
   * this time. If the engine does not execute the request, or does not report the end, `leftovers` removes the container later.
   */
  async stop(grace: number): Promise<void> {
    if (!this.#gone) {
      const first = !this.#stopped;
      this.#stopped = true;
      await this.#end(grace, first).catch((error: Error) => this.#leave(error));
    }
    await this.exited;
  }

  async #end(grace: number, first: boolean): Promise<void> {
    const { requests, address } = this.#engine;
    if (grace > 0) {
      if (first) await this.#signal('SIGTERM');
      if (await endsWithin(this, grace)) return;
    }
    await this.#signal('SIGKILL');
    if (await endsWithin(this, killWait)) return;
    await removeContainer(this.#engine, this.#full);
    if (await endsWithin(this, requests.limit)) return;
    throw new Error(`docker: the engine at ${address} does not report whether container ${this.id} has ended`);
  }

  #leave(error: Error): void {
    if (this.#gone || this.#left.signal.aborted) return;
    this.#log.warn(`${error.message}. The pool may boot another runner in its place; removing the container is tried again.`);
    leaveContainer(this.#engine, this.#leftovers, this.#full, error);
    this.#left.abort();
  }

  async #follow(): Promise<MachineExit> {
    await this.#ended();
    this.#gone = true;
    if (this.#left.signal.aborted) {
      this.#output.close();
      return { how: 'stopped', text: 'stopped; the engine does not report whether its container has ended' };
    }
    await Promise.race([this.#output.ended, pause(lastLinesWait, undefined, { ref: false })]);
    this.#output.close();
    const exit = await this.#howItEnded();
    if (!this.#keep) await this.#remove();
    return exit;
  }

  /** Resolves when the container has ended. The engine keeps the request open until then. */
  async #ended(): Promise<void> {
    const { signal } = this.#left;
    const wait = (docker: Docker): Promise<unknown> => docker.getContainer(this.#full).wait({ condition: 'not-running' });
    while (!signal.aborted) {
      try {
        if ((await this.#engine.poll(`wait for container ${this.id}`, wait, waitFor, signal)) !== undefined) return;
      } catch (error) {
        if (statusOf(error) === 404) return;
        // The engine is restarting, which does not necessarily end its containers.
        await pause(askAgain, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  async #howItEnded(): Promise<MachineExit> {
    try {
      const inspect = (docker: Docker): Promise<Docker.ContainerInspectInfo> => docker.getContainer(this.#full).inspect();
      const { State, HostConfig } = await this.#engine.ask(`inspect container ${this.id}`, inspect, { repeat: true });
      const { ExitCode: code, OOMKilled: oomKilled } = State;
      // The sender of the signal is optional information: errors are ignored.
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
      if (statusOf(error) === 404) return { how: 'vanished', text: 'its container was removed from outside' };
      return { how: 'vanished', text: `it ended, and the engine does not report how: ${wordsOf(error)}` };
    }
  }

  /** The signals that the engine sent for other clients, in order. The engine keeps its most recent events. */
  async #signalsSent({ StartedAt, FinishedAt }: { StartedAt: string; FinishedAt: string }): Promise<string[]> {
    const seconds = (time: string, more = 0): string => ((Date.parse(time) + more) / 1_000).toFixed(3);
    const filters = { container: [this.#full], event: ['kill'] };
    const read = async (docker: Docker): Promise<string> => {
      const query = { since: seconds(StartedAt), until: seconds(FinishedAt, signalWait), filters };
      let text = '';
      for await (const part of await docker.getEvents(query as object)) text += String(part);
      return text;
    };
    const text = await this.#engine.ask(`read the events of container ${this.id}`, read);
    const events = text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as { Actor: { Attributes: { signal?: string } } });
    return events.map(({ Actor }) => signalName(Actor.Attributes.signal ?? ''));
  }

  async #signal(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#gone) return;
    try {
      const command = (docker: Docker): Promise<unknown> => docker.getContainer(this.#full).kill({ signal });
      await this.#engine.ask(`send ${signal} to container ${this.id}`, command, { repeat: true });
    } catch (error) {
      // The container has ended or no longer exists.
      if (statusOf(error) === 404 || statusOf(error) === 409) return;
      throw new Error(`docker: container ${this.id} could not be stopped: ${wordsOf(error)}. Remove it with: docker rm -f ${this.id}`, {
        cause: error,
      });
    }
  }

  async #remove(): Promise<void> {
    await removeContainer(this.#engine, this.#full).catch((error: Error) => {
      this.#log.warn(error.message);
      leaveContainer(this.#engine, this.#leftovers, this.#full, error);
    });
  }
}

/** The short form that docker prints. */
export function shortId(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
}

/** Schedules a container's later removal. `unheard` means that it is unknown whether the engine made the container. */
export function leaveContainer(engine: DockerEngine, leftovers: Leftovers, id: string, { message }: Error, unheard = false): void {
  const remove = (): Promise<boolean> => removeContainer(engine, id);
  leftovers.add(`docker: container ${shortId(id)}`, message, { remove, ...(unheard && { mayComeFor }) });
}

/** Removes a container with its anonymous volumes. Resolves to whether it existed. @throws {Error} that says how to remove it by hand. */
export async function removeContainer({ ask }: DockerEngine, full: string): Promise<boolean> {
  const id = shortId(full);
  try {
    await ask(`remove container ${id}`, (docker) => docker.getContainer(full).remove({ force: true, v: true }), { repeat: true });
    return true;
  } catch (error) {
    // 404: it does not exist. 409: it is being removed.
    if (statusOf(error) === 404 || statusOf(error) === 409) return statusOf(error) === 409;
    throw new Error(`docker: container ${id} could not be removed: ${wordsOf(error)}. Remove it with: docker rm -f ${id}`, {
      cause: error,
    });
  }
}
