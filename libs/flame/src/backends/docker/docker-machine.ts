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

/** How long the last output of a container that has ended may take. */
const lastLinesWait = 2_000;
/** After which a connection to the engine that broke is tried again. */
const askAgain = 1_000;
/** How long a container may take to end after SIGKILL, before the engine is told to remove it as it is. */
const killWait = 10_000;
/** How long after the end of a container the engine may log the signal that ended it. */
const signalWait = 250;
/** For how long the engine is asked to wait for a container's end; then it is asked anew, over another connection. */
const waitFor = 60_000;
/** For how long an engine may still make what it was asked for without an answer. */
const mayComeFor = 60_000;

/** What a machine is made of. */
export interface StartedContainer {
  readonly engine: DockerEngine;
  /** The container's. */
  readonly id: string;
  readonly output: ContainerOutput;
  readonly leftovers: Leftovers;
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
  readonly #engine: DockerEngine;
  readonly #full: string;
  readonly #output: ContainerOutput;
  readonly #leftovers: Leftovers;
  /** Aborts when its removal is not this machine's any more. */
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
   * SIGTERM to the runner, which lets its handlers finish, and after `grace` SIGKILL. A later call can only shorten the time. Where the
   * engine does not take the order, or does not tell of the end, the container is left to `leftovers`.
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
    throw new Error(`docker: the engine at ${address} does not tell whether container ${this.id} has ended`);
  }

  #leave(error: Error): void {
    if (this.#gone || this.#left.signal.aborted) return;
    this.#log.warn(`${error.message}. Its runner's place is free; the container is removed as soon as that is possible.`);
    leaveContainer(this.#engine, this.#leftovers, this.#full, error);
    this.#left.abort();
  }

  async #follow(): Promise<MachineExit> {
    await this.#ended();
    this.#gone = true;
    if (this.#left.signal.aborted) {
      this.#output.close();
      return { how: 'stopped', text: 'stopped; the engine does not tell whether its container has ended' };
    }
    await Promise.race([this.#output.ended, pause(lastLinesWait, undefined, { ref: false })]);
    this.#output.close();
    const exit = await this.#howItEnded();
    if (!this.#keep) await this.#remove();
    return exit;
  }

  /** The engine keeps a request open until the container has ended. */
  async #ended(): Promise<void> {
    const { signal } = this.#left;
    const wait = (docker: Docker): Promise<unknown> => docker.getContainer(this.#full).wait({ condition: 'not-running' });
    while (!signal.aborted) {
      try {
        if ((await this.#engine.poll(`wait for container ${this.id}`, wait, waitFor, signal)) !== undefined) return;
      } catch (error) {
        if (statusOf(error) === 404) return;
        // The engine is restarting, which need not end its containers.
        await pause(askAgain, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  async #howItEnded(): Promise<MachineExit> {
    try {
      const inspect = (docker: Docker): Promise<Docker.ContainerInspectInfo> => docker.getContainer(this.#full).inspect();
      const { State, HostConfig } = await this.#engine.ask(`inspect container ${this.id}`, inspect, { repeat: true });
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
      const order = (docker: Docker): Promise<unknown> => docker.getContainer(this.#full).kill({ signal });
      await this.#engine.ask(`send ${signal} to container ${this.id}`, order, { repeat: true });
    } catch (error) {
      // It has ended, or is not there any more.
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

/** As docker prints it. */
export function shortId(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
}

/** Leaves a container to be removed later; `unheard` where nobody knows whether it was made. */
export function leaveContainer(engine: DockerEngine, leftovers: Leftovers, id: string, { message }: Error, unheard = false): void {
  const remove = (): Promise<boolean> => removeContainer(engine, id);
  leftovers.add(`docker: container ${shortId(id)}`, message, { remove, ...(unheard && { mayComeFor }) });
}

/** With its anonymous volumes; says whether it was there. @throws {Error} that says how to do it by hand. */
export async function removeContainer({ ask }: DockerEngine, full: string): Promise<boolean> {
  const id = shortId(full);
  try {
    await ask(`remove container ${id}`, (docker) => docker.getContainer(full).remove({ force: true, v: true }), { repeat: true });
    return true;
  } catch (error) {
    // It is not there, or is being removed.
    if (statusOf(error) === 404 || statusOf(error) === 409) return statusOf(error) === 409;
    throw new Error(`docker: container ${id} could not be removed: ${wordsOf(error)}. Remove it with: docker rm -f ${id}`, {
      cause: error,
    });
  }
}
