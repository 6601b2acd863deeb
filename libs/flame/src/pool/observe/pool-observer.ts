import { AsyncResource } from 'node:async_hooks';
import type { Subject } from 'rxjs';
import type { BootError } from '../../core/errors/boot-error.js';
import type { FlameError } from '../../core/errors/flame-error.js';
import type { CallStart } from '../../core/call/call-tracer.js';
import type { PoolCall, PoolRunner } from '../../core/pool/entries.js';
import type { PoolLogLevel } from '../../core/options/pool-options.js';
import type { PoolFact } from '../../core/pool/facts.js';
import type { Saturation } from '../../core/metrics/saturation.js';
import { thrownWords } from '../../core/codec/thrown-words.js';
import { show } from '../../core/options/option-reader.js';
import type { PendingCall } from '../calls/pending-call.js';
import { RecentFailures } from './pool-failure.js';
import type { PoolFailure } from './pool-failure.js';
import { IgnoredAborts } from './ignored-aborts.js';
import { PoolMeter } from './pool-meter.js';
import type { PoolEventDetails, PoolEvent } from './pool-event.js';
import type { PoolSetup } from '../pool-setup.js';
import type { CallCounts } from './pool-stats.js';
import { RepeatedFailures } from './repeated-failures.js';
import { SaturationWarning } from './saturation-warning.js';
import type { PoolSize } from './saturation-warning.js';
import { Shipments } from './shipments.js';

/** If a connection is cut for at most this time, in milliseconds, one log line is enough: that it is back, or that its runner is lost. */
const cutUntold = 1_000;

/**
 * Writes a pool's log lines, emits its `events$`, calls the app's growth hooks and counts its calls. Loggers, subscribers and hooks are
 * called in the pool's own async context, not in the context of a call. An error of a hook is logged.
 */
export class PoolObserver {
  readonly #setup: PoolSetup;
  readonly #events: Subject<PoolEvent>;
  readonly #bootTimes = new Map<string, number>();
  readonly #failures = new RecentFailures();
  readonly #failedBoots: RepeatedFailures;
  readonly #ignoredAborts: IgnoredAborts;
  /** Runners whose boots have failed and that are not gone yet. */
  readonly #failedRunners = new Set<string>();
  /** Cut connections that are not logged yet. Each function cancels the log line. */
  readonly #cuts = new Map<string, () => void>();
  readonly #shipments = new Shipments(this.#tell.bind(this, 'log'), this.#emit.bind(this));
  readonly #saturation: SaturationWarning;
  readonly meter = new PoolMeter();
  /** The async context in which the pool was made. The pool's work runs there, because it outlives the call that caused it. */
  readonly scope = new AsyncResource('FLAMEPOOL');

  constructor(setup: PoolSetup, events: Subject<PoolEvent>) {
    this.#setup = setup;
    this.#events = events;
    const warn = (text: string): void => setup.log.warn(`${this.#pool}: ${text}`);
    this.#failedBoots = new RepeatedFailures(setup.clock, warn);
    this.#ignoredAborts = new IgnoredAborts(setup.clock, warn);
    this.#saturation = new SaturationWarning(setup.config, warn);
  }

  get failures(): readonly PoolFailure[] {
    return this.#failures.list;
  }

  get counts(): CallCounts {
    return this.meter.counts;
  }

  // The hot path of calls: events are made only if they are observed.
  taken(bytes: number): void {
    this.meter.taken(bytes);
  }

  started(call: PoolCall, runner: string): void {
    this.meter.waited(call.ranAt - call.cameAt);
    const record = (call as PendingCall).setup.scope?.record;
    if (record) record.ran(startOf(call, call.runner!));
    if (this.#events.observed)
      this.#emit({ type: 'call-started', call: call.id, handler: call.label, runner, waited: call.ranAt - call.cameAt });
  }

  /** No slot is free for the call. */
  waiting(call: PoolCall, waiting: number): void {
    if (this.#events.observed) this.#emit({ type: 'call-waiting', call: call.id, handler: call.label, waiting });
  }

  answered(how: 'returned' | 'threw', bytes: number, call: PoolCall): void {
    this.meter.answered(how, bytes);
    if (this.#events.observed)
      this.#emit({ type: 'call-answered', call: call.id, handler: call.label, runner: call.runner?.id, outcome: how });
  }

  failed(call: PoolCall, error: FlameError): void {
    this.meter.failed(error.code);
    if (!call.runner && call.cameAt > 0) this.meter.waited(this.#setup.clock.now() - call.cameAt);
    this.#failures.add({ ...whose(call), type: 'call', code: error.code, message: error.message });
    if (this.#events.observed) this.#emit({ type: 'call-failed', call: call.id, handler: call.label, runner: call.runner?.id, error });
  }

  threw(call: PoolCall, error: unknown): void {
    // An app's error may have anything as its name and message.
    const [code, message] =
      error instanceof Error ? [typeof error.name === 'string' ? error.name : 'Error', thrownWords(error)] : ['threw', show(error)];
    this.#failures.add({ ...whose(call), type: 'threw', code, message });
  }

  fact(fact: PoolFact, now: number): void {
    switch (fact.type) {
      case 'ended': {
        if (!fact.call.runner) return;
        const ran = now - fact.call.ranAt;
        this.meter.ran(ran);
        if (!this.#events.observed) return;
        return this.#emit({ type: 'call-ended', call: fact.call.id, handler: fact.call.label, runner: fact.call.runner.id, ran });
      }
      case 'down':
        this.#endCut(fact.runner);
        this.#setup.log.warn(`${this.#pool}: runner ${fact.runner} is lost (${fact.how})`);
        this.#fail('lost', 'lost', fact.how, fact.runner);
        return this.#emit({ type: 'lost', runner: fact.runner, how: fact.how });
      case 'leaving':
        return fact.ignoredAbort ? this.abortIgnored(fact.runner, fact.reason) : undefined;
      case 'shipping':
        return this.#shipments.progress(fact.runner, fact.sent, fact.total, now);
      case 'suspended':
        this.#cuts.set(
          fact.runner,
          this.#setup.clock.after(cutUntold, () => this.#connection(fact.runner, 'is cut; it may be restored')),
        );
        return this.#emit({ type: 'suspended', runner: fact.runner });
      case 'resumed':
        this.#connection(fact.runner, this.#cuts.has(fact.runner) ? 'was cut for a moment, and is restored' : 'is restored');
        return this.#emit({ type: 'resumed', runner: fact.runner });
      default:
    }
  }

  readonly lateCast = (error: unknown, call: PendingCall): void => {
    this.#emit({ type: 'cast-failed', call: call.id, handler: call.label, error });
    this.#guard('onCastError', () => this.#setup.onCastError(error, call.label));
  };

  retrying(error: FlameError, attempt: number, attempts: number): void {
    this.#setup.log.warn(`${this.#pool}: starting attempt ${attempt} of ${attempts}, because the last one failed: ${error.message}`);
    this.#emit({ type: 'call-retried', attempt, attempts, error });
  }

  /** A line that a runner logged or printed, or the number of dropped lines. */
  logged(level: string, text: string, runner: string): void {
    if (level !== 'dropped') return this.meter.logged(1, 0);
    const dropped = Number(text);
    if (!(dropped > 0)) return;
    this.meter.logged(dropped, dropped);
    this.#emit({ type: 'log-lines-dropped', runner, lines: dropped });
  }

  /** True if the last boot failed. The output of the next boots is then probably the same. */
  get bootsFail(): boolean {
    return this.#failedBoots.any;
  }

  booting(runner: string, count: number): void {
    if (!this.bootsFail) this.#say(`booting runner ${runner} (${count} of at most ${this.#setup.config.max})`);
    this.#emit({ type: 'booting', runner, count });
    this.#guard('onGrowStart', () => this.#setup.config.onGrowStart?.({ name: this.#setup.config.name, count }));
  }

  bootTook(runner: string, took: number): void {
    this.#bootTimes.set(runner, took);
  }

  grown(runner: string, error: BootError | undefined, count: number, machine: string): void {
    const took = this.#bootTimes.get(runner) ?? 0;
    this.#bootTimes.delete(runner);
    this.#shipments.end(runner);
    if (error) {
      this.meter.bootFailed(error);
      this.#failedRunners.add(runner);
      this.#failedBoots.add(runner, error);
      this.#fail('boot', error.phase, error.message, runner);
      this.#emit({ type: 'boot-failed', runner, error });
    } else {
      this.meter.booted(took);
      this.#failedBoots.end();
      this.#say(`runner ${runner} is up after ${Math.round(took)} ms`);
      this.#emit({ type: 'up', runner, machine, took });
    }
    this.#guard('onGrowEnd', () => this.#setup.config.onGrowEnd?.(error ?? 'ok', { name: this.#setup.config.name, count }));
  }

  saturated(runner: string, saturation: Saturation, size: PoolSize): void {
    this.#saturation.add(runner, saturation, size);
  }

  /** A defect of the app, which costs a boot: it is a warning whatever the option `log` is. */
  abortIgnored(runner: string, what: string): void {
    this.#ignoredAborts.add(runner, what);
  }

  retiring(runner: string, reason: string): void {
    this.#say(`runner ${runner} takes no new calls: ${reason}`);
    this.#emit({ type: 'retiring', runner, reason });
  }

  stopping(runner: string, reason: string): void {
    this.#say(`stopping runner ${runner}: ${reason}`);
    this.#emit({ type: 'stopping', runner, reason });
  }

  shrunk(runner: string, count: number): void {
    this.#endCut(runner);
    if (!this.#failedRunners.delete(runner)) this.#say(`runner ${runner} is gone, ${count} left`);
    this.#emit({ type: 'gone', runner, count });
    this.#guard('onShrink', () => this.#setup.config.onShrink?.({ name: this.#setup.config.name, count }));
  }

  opened(): void {
    this.#emit({ type: 'started' });
  }

  resized(min: number, max: number): void {
    this.#say(`resized to min ${min}, max ${max}`);
    this.#emit({ type: 'resized', min, max });
  }

  paused(reason: string): void {
    this.#say(`paused: ${reason}`);
    this.#emit({ type: 'paused', reason });
  }

  unpaused(): void {
    this.#say('resumed');
    this.#emit({ type: 'unpaused' });
  }

  draining(reason: string): void {
    this.#setup.onDraining?.();
    this.#say(`draining: ${reason}`);
    this.#emit({ type: 'draining', reason });
  }

  drained(): void {
    this.#failedBoots.end();
    this.#say('drained');
    this.#emit({ type: 'drained' });
  }

  get #pool(): string {
    return `pool "${this.#setup.config.name}"`;
  }

  #connection(runner: string, how: string): void {
    this.#endCut(runner);
    this.#setup.log.warn(`${this.#pool}: the connection of runner ${runner} ${how}`);
  }

  #endCut(runner: string): void {
    this.#cuts.get(runner)?.();
    this.#cuts.delete(runner);
  }

  #fail(type: 'boot' | 'lost', code: string, message: string, runner: string): void {
    this.#failures.add({ at: Date.now(), type, code, message, handler: undefined, runner });
  }

  #say(text: string): void {
    if (this.#setup.config.log) this.#tell(this.#setup.config.log, text);
  }

  #tell(level: PoolLogLevel, text: string): void {
    this.scope.runInAsyncScope(this.#setup.log[level], this.#setup.log, `${this.#pool}: ${text}`);
  }

  #emit(details: PoolEventDetails): void {
    if (!this.#events.observed) return;
    // `details` was made for this call, and becomes the event. Copying it costs a busy pool more than everything else here.
    const event = details as { -readonly [K in keyof PoolEvent]: PoolEvent[K] };
    event.pool = this.#setup.config.name;
    event.at = Date.now();
    this.scope.runInAsyncScope(this.#events.next, this.#events, event as PoolEvent);
  }

  #guard(hook: string, run: () => void): void {
    try {
      this.scope.runInAsyncScope(run);
    } catch (error) {
      this.#setup.log.error(`${this.#pool}: ${hook} threw: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function startOf({ id, cameAt, ranAt }: PoolCall, { id: runner, bootingSince, upAt }: PoolRunner): CallStart {
  const boot = upAt > cameAt ? { began: ranAt - bootingSince, ended: ranAt - upAt } : undefined;
  return { call: id, runner, waited: ranAt - cameAt, boot };
}

function whose(call: PoolCall): Pick<PoolFailure, 'at' | 'handler' | 'runner'> {
  return { at: Date.now(), handler: call.label, runner: call.runner?.id };
}
