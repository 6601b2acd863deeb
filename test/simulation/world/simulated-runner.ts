import type { Codec } from '../../../libs/flame/src/core/codec/codec.js';
import type { Manifest } from '../../../libs/flame/src/core/manifest.js';
import type { ParentInfo } from '../../../libs/flame/src/core/parent-info.js';
import { FlameCall } from '../../../libs/flame/src/runner/executor/flame-call.js';
import { RunnerHost } from '../../../libs/flame/src/runner/host/runner-host.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import type { CallScript } from './call-script.js';
import type { SimulatedNetwork } from './simulated-network.js';
import type { SimulatedProcess } from './simulated-process.js';

/** Gets the events of handlers. */
export interface Watcher {
  /** A handler was called. */
  ran(script: CallScript, runner: SimulatedProcess): void;
  /** The handler has begun to work: at once, or when its stream is first read. */
  began(script: CallScript, runner: SimulatedProcess): void;
  /** Called once for each `began`, also when its process dies. */
  over(script: CallScript, runner: SimulatedProcess): void;
}

export interface SimulatedRunnerSetup {
  readonly process: SimulatedProcess;
  readonly info: ParentInfo;
  readonly network: SimulatedNetwork;
  readonly manifest: Manifest;
  readonly codec: Codec;
  readonly dice: SeededRandom;
  readonly watcher: Watcher;
  /** The time from the start of the process until the app has booted. */
  readonly appBoot: number;
}

const quiet = { debug: () => {}, log: () => {}, warn: () => {}, error: () => {} };

/** A runner's process: the real host, executor and session, with handlers that follow the script in their arguments. */
export class SimulatedRunner {
  readonly process: SimulatedProcess;
  readonly #setup: SimulatedRunnerSetup;
  #onSignal: ((signal: string) => void) | undefined;

  constructor(setup: SimulatedRunnerSetup) {
    this.#setup = setup;
    this.process = setup.process;
    const { process, info, network, codec, manifest, dice, appBoot } = setup;
    const host = new RunnerHost({
      info,
      clock: process.clock,
      log: quiet,
      exit: () => process.die(),
      environment: {
        openPipe: (_, listener) => network.connect(process, listener),
        onSignal: (listener) => (this.#onSignal = listener),
        watchdog: () => ({ busy: () => {}, deadline: () => {}, close: async () => {} }),
      },
    });
    process.in(appBoot, () => {
      const table = {
        name: () => 'Work.does',
        invoke: (_: number, [script, rows]: unknown[]) => this.#do(script as CallScript, rows as AsyncIterable<number>),
        child: () => undefined,
        tracks: () => undefined,
      };
      const idleCheck = (): boolean => dice.chance(0.9);
      const close = (): Promise<void> => this.#rest(dice.below(100));
      host.serve({ table, manifest, codec, idleCheck, close }).catch(() => process.die());
    });
  }

  /** Sends SIGTERM. It kills a process that has no listener yet, because it has not attached. */
  sigterm(): void {
    this.process.in(1, () => (this.#onSignal === undefined ? this.process.die() : this.#onSignal('SIGTERM')));
  }

  #do(script: CallScript, rows: AsyncIterable<number>): unknown {
    const { watcher, process } = this.#setup;
    watcher.ran(script, process);
    const begin = (): (() => void) => {
      let over = false;
      const end = (): void => {
        if (!over) watcher.over(script, process);
        over = true;
      };
      watcher.began(script, process);
      process.onDeath(end);
      return end;
    };
    return script.does === 'streams' ? this.#rows(script, begin) : this.#working(script, rows, begin());
  }

  async #working(script: CallScript, rows: AsyncIterable<number>, end: () => void): Promise<unknown> {
    const { signal } = FlameCall.current()!;
    try {
      return await this.#work(script, rows);
    } catch (error) {
      // Every other handler throws an AbortError, as Node's own functions do.
      if (error !== signal.reason || script.call % 2 === 0) throw error;
      throw Object.assign(new Error('The operation was aborted', { cause: error }), { name: 'AbortError' });
    } finally {
      end();
    }
  }

  async #work(script: CallScript, rows: AsyncIterable<number>): Promise<unknown> {
    const { process } = this.#setup;
    const { signal } = FlameCall.current()!;
    switch (script.does) {
      case 'returns':
        await this.#rest(script.takes, signal);
        return script.call;
      case 'returns much':
        await this.#rest(script.takes, signal);
        return Buffer.alloc(300_000, script.call & 0xff);
      case 'throws':
        await this.#rest(script.takes, signal);
        throw new RangeError(`call ${script.call}`);
      case 'hangs':
        await this.#rest(Infinity, signal);
        return script.call;
      case 'reads a stream': {
        let next = 0;
        for await (const row of rows) if (row !== next++) throw new Error(`row ${row} came where ${next - 1} was due`);
        return next === script.takes ? script.call : next;
      }
      case 'crashes':
        await this.#rest(script.takes, signal);
        process.die();
        return script.call;
      default:
        await this.#rest(Infinity);
        return script.call;
    }
  }

  async *#rows(script: CallScript, begin: () => () => void): AsyncGenerator<number> {
    const end = begin();
    try {
      for (let row = 0; row < script.takes; row++) {
        if (row % 8 === 7) await this.#rest(20);
        yield row;
      }
    } finally {
      end();
    }
  }

  #rest(duration: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = duration === Infinity ? (): void => {} : this.process.in(duration, resolve);
      const abort = (): void => {
        cancel();
        reject(signal!.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
      if (signal?.aborted) abort();
    });
  }
}
