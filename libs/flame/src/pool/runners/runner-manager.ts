import type { BootRequest } from '../../backends/backend.js';
import type { BootError } from '../../core/errors/boot-error.js';
import { LineGate, shortened } from '../../core/line-gate.js';
import type { PoolAction, PoolFact } from '../../core/pool/facts.js';
import type { PoolRunner } from '../../core/pool/entries.js';
import type { RunnerMetrics } from '../../core/metrics/pool-metrics.js';
import { inspectorPort } from '../../system/system-clock.js';
import { bootRunner } from './boot.js';
import type { Boot } from './boot.js';
import { bootRequest, expectAll, expectedRunners } from './boot-request.js';
import type { PendingCall } from '../calls/pending-call.js';
import type { PoolObserver } from '../observe/pool-observer.js';
import type { PoolSize } from '../observe/saturation-warning.js';
import type { PoolSetup } from '../pool-setup.js';
import type { RunnerStats } from '../observe/pool-stats.js';
import type { HandleOwner } from './handle-owner.js';
import { InspectedRunners } from './inspected-runners.js';
import { RecentLines } from '../observe/recent-lines.js';
import { noSuchRunner } from '../calls/call-errors.js';
import { RunnerHandle } from './runner-handle.js';

/** The most lines of a boot that are held until the runner is up. */
const mostHeld = 100;

/** Actions of the machine that concern runners, except `run`. */
type ManagedAction = Exclude<PoolAction, { type: 'run' | 'reject' | 'started' | 'drained' }>;

/**
 * Creates, tracks and disposes of a pool's runners. It owns their machines and links, ends each of them, and reports `gone` once for each.
 */
export class RunnerManager {
  readonly #setup: PoolSetup;
  readonly #observer: PoolObserver;
  readonly #size: PoolSize;
  readonly #dispatch: (fact: PoolFact) => void;
  readonly #boots = new Map<string, Boot>();
  readonly #handles = new Map<string, RunnerHandle>();
  readonly #inspected: InspectedRunners;
  /** Promises that resolve when a runner is gone. */
  readonly #waiters = new Map<string, { readonly gone: Promise<void>; readonly tell: () => void }>();

  constructor(setup: PoolSetup, observer: PoolObserver, size: PoolSize, dispatch: (fact: PoolFact) => void) {
    this.#setup = setup;
    this.#observer = observer;
    this.#size = size;
    this.#dispatch = dispatch;
    this.#inspected = new InspectedRunners(setup);
  }

  run(runner: string, call: PendingCall): void {
    // If this process may be debugged, only the parent limits the time: a runner cannot see that a debugger has paused the parent.
    const unlimited = call.at === Infinity || inspectorPort() !== undefined;
    const left = unlimited ? 0 : Math.max(1, Math.ceil(call.at - call.ranAt));
    this.#handles.get(runner)!.run(call, left);
  }

  perform(action: ManagedAction): void {
    switch (action.type) {
      case 'cancel':
        return this.#handles.get(action.runner)!.cancel(action.call as PendingCall, action.cause, action.reason);
      case 'ask':
        return this.#handles.get(action.runner)!.ask();
      case 'boot':
        this.#observer.booting(action.runner, action.count);
        return this.#boot(action.runner);
      case 'give-up':
        return this.#boots.get(action.runner)?.abandon(action.why);
      case 'grown':
        return this.#observer.grown(action.runner, action.error, action.count, this.#handles.get(action.runner)?.machine.id ?? '');
      case 'retire':
        return this.#observer.retiring(action.runner, action.reason);
      case 'ignored-abort':
        return this.#observer.abortIgnored(action.runner, action.what);
      case 'stop':
        this.#observer.stopping(action.runner, action.reason);
        return void this.#handles.get(action.runner)!.stop(action.grace, action.reason);
      case 'dispose':
        return void this.#handles.get(action.runner)!.stop(0, 'it was lost');
      case 'shrunk':
        return this.#observer.shrunk(action.runner, action.count);
    }
  }

  /** True if limits that were due at `due` do not count, because a debugger has paused this process or one of the runners. */
  debuggedAt(due: number): boolean {
    const { clock } = this.#setup;
    return (clock.debugged?.(clock.now() - due) ?? false) || this.#inspected.debugged || (this.#boots.size > 0 && this.#inspected.awaited);
  }

  /** Resolves when nothing is left of a runner. @throws {FlameError} FLAME_CONFIG when it is not one of `runners`. */
  whenGone(id: string, runners: Iterable<Readonly<PoolRunner>>): Promise<void> {
    const ids = Array.from(runners, (runner) => runner.id);
    if (!ids.includes(id)) throw noSuchRunner(this.#setup.config.name, id, ids);
    let waiter = this.#waiters.get(id);
    if (!waiter) {
      let tell!: () => void;
      waiter = { gone: new Promise((resolve) => (tell = resolve)), tell: () => tell() };
      this.#waiters.set(id, waiter);
    }
    return waiter.gone;
  }

  stats(runners: Iterable<Readonly<PoolRunner>>, now: number): RunnerStats[] {
    return Array.from(runners, (runner) => ({
      id: runner.id,
      machine: this.#handles.get(runner.id)?.machine.id,
      state: runner.state,
      load: runner.load,
      slots: runner.slots,
      served: runner.served,
      age: runner.upAt >= 0 ? now - runner.upAt : 0,
      suspended: runner.suspended,
    }));
  }

  metrics(runners: Iterable<Readonly<PoolRunner>>, now: number): RunnerMetrics[] {
    return Array.from(runners, (runner) => ({
      runner: runner.id,
      state: runner.state,
      phase: this.#boots.get(runner.id)?.phase,
      slots: runner.slots,
      slotsUsed: runner.load,
      served: runner.served,
      exists: now - runner.bootingSince,
      age: runner.upAt >= 0 ? now - runner.upAt : 0,
      processStats: this.#handles.get(runner.id)?.processStats.sum,
    }));
  }

  #boot(runner: string): void {
    const { backend, attachServer, clock } = this.#setup;
    const expected = expectedRunners(runner, this.#setup);
    const lines = new RecentLines();
    const printer = this.#printer(runner, lines);
    const begun = clock.now();
    const shipping = (sent: number, total: number): void => this.#dispatch({ type: 'shipping', runner, sent, total });
    const boot = bootRunner(
      backend,
      (signal) => bootRequest(this.#setup, expected, signal, { output: printer.output, shipping }),
      (signal) => expectAll(attachServer, expected, signal),
      () => lines.lines,
    );
    this.#boots.set(runner, boot);
    boot.up.then(
      (booted) => {
        this.#boots.delete(runner);
        printer.release();
        const handle = new RunnerHandle(runner, this.#owner(runner), booted);
        this.#handles.set(runner, handle);
        this.#observer.bootTook(runner, clock.now() - begun);
        this.#dispatch({ type: 'up', runner });
        handle.open();
      },
      (error: BootError) => {
        this.#dispatch({ type: 'boot-failed', runner, error });
        void boot.cleared.then(
          () => this.#disposed(runner),
          (cause: unknown) => {
            this.#setup.log.error(`pool "${this.#setup.config.name}": runner ${runner} may still exist: ${(cause as Error).message}`);
            this.#disposed(runner);
          },
        );
      },
    );
  }

  #disposed(runner: string): void {
    this.#boots.delete(runner);
    this.#gone(runner);
  }

  #gone(runner: string): void {
    this.#inspected.gone(runner);
    this.#dispatch({ type: 'gone', runner });
    this.#waiters.get(runner)?.tell();
    this.#waiters.delete(runner);
  }

  #owner(runner: string): HandleOwner {
    const { codec, clock, config } = this.#setup;
    return {
      codec,
      peer: `runner ${runner} (pool ${config.name})`,
      after: (delay, wake) => clock.after(delay, wake),
      dispatch: this.#dispatch,
      gone: () => {
        this.#handles.delete(runner);
        this.#gone(runner);
      },
      observer: this.#observer,
      saturated: (found) => this.#observer.saturated(runner, found, this.#size),
      warn: (text) => this.#setup.log.warn(`pool "${config.name}": ${text}`),
      log: (level, text, call, time) => this.#log(level, text, runner, call, time),
    };
  }

  /**
   * Handles the output of a machine. It keeps the last lines for the error of a failed boot, and logs lines up to a limit.
   *
   * After a failed boot, it holds the output of the next boots until they are up: that output would repeat, and the error of a boot
   * contains the last lines.
   */
  #printer(runner: string, lines: RecentLines): { output: BootRequest['output']; release: () => void } {
    const { clock, config, output } = this.#setup;
    const gate = new LineGate(clock, (dropped) => this.#log('dropped', String(dropped), runner, 0));
    let isUp = false;
    const held: (() => void)[] = [];
    return {
      output: (line, stream) => {
        lines.add(line);
        if (this.#inspected.hears(line, runner) || !gate.pass()) return;
        this.#observer.logged(stream, line, runner);
        const tell = (): void => output(shortened(line), stream, config.name, runner);
        if (isUp || !this.#observer.bootsFail) return tell();
        held.push(tell);
        if (held.length > mostHeld) held.shift();
      },
      release: () => {
        isUp = true;
        for (const tell of held.splice(0)) tell();
      },
    };
  }

  #log(level: string, text: string, runner: string, call: number, time?: number): void {
    this.#observer.logged(level, text, runner);
    this.#setup.runnerLog(level, text, this.#setup.config.name, runner, call, time);
  }
}
