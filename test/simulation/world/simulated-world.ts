import { AsyncResource } from 'node:async_hooks';
import type { Server } from '@grpc/grpc-js';
import { createCodec } from '../../../libs/flame/src/core/codec/create-codec.js';
import { FlameError } from '../../../libs/flame/src/core/errors/flame-error.js';
import { AbortListeners } from '../../../libs/flame/src/core/call/abort-listeners.js';
import { readPoolOptions } from '../../../libs/flame/src/core/options/pool-config.js';
import { Pool } from '../../../libs/flame/src/pool/pool.js';
import { AttachService } from '../../../libs/flame/src/transport/attach/attach-service.js';
import type { ServerStream } from '../../../libs/flame/src/transport/grpc/stream-internals.js';
import { PendingAttachments } from '../../../libs/flame/src/transport/attach/pending-attachments.js';
import { diceFor } from './chance.js';
import type { CallScript } from './call-script.js';
import type { Plan, Operation } from './plan.js';
import { SimulatedNetwork } from './simulated-network.js';
import { SimulatedPlatform } from './simulated-platform.js';
import { SimulatedProcess } from './simulated-process.js';
import { SimulatedRunner } from './simulated-runner.js';
import { Timeline } from './timeline.js';
import { WorldRules } from './world-rules.js';

const manifest = { version: '1', protocol: 1, handlers: ['Work.does'], digest: 'd' };
const maxPayload = 1 << 28;
const quiet = { debug: () => {}, log: () => {}, warn: () => {}, error: () => {} };
/** The longest time for all work to end without further faults: waiting, boots with their pauses, running. */
const rest = 200_000;

/** Ten times the steps of the busiest worlds. */
const mostSteps = 100_000;

/** Four times the longest `shutdownTimeout`: for work, for aborted work, for the machine, and for the platform's report that it is gone. */
const longestDrain = 8_000;

type CallOperation = Operation & { type: 'call' };

/**
 * A complete system in a simulated world: the real pool, its machine, the attach service, sessions, reconnection, runner hosts and executors,
 * between a simulated clock, network and platform. A plan always leads to the same events.
 */
export class SimulatedWorld {
  readonly timeline = new Timeline();
  readonly rules: WorldRules;
  readonly #plan: Plan;
  readonly #parent: SimulatedProcess;
  readonly #network: SimulatedNetwork;
  readonly #platform: SimulatedPlatform;
  readonly #pool: Pool;
  readonly #codec = createCodec();
  #paused = false;
  #idledOut = 0;
  /** The number of argument streams that are being read, and of runners that are being drained. */
  readonly #open = { sources: 0, drains: 0 };

  constructor(plan: Plan) {
    this.#plan = plan;
    const { seed, reconnectTimeout } = plan;
    this.rules = new WorldRules(plan, this.timeline);
    this.#parent = this.#process('parent');
    this.#network = new SimulatedNetwork(this.timeline, seed, this.#parent, plan.gentle ? 400 : 6_000);
    const pending = new PendingAttachments();
    let keys = 0;
    const { clock } = this.#parent;
    const newKey = (): Buffer => Buffer.from(`key ${++keys}`);
    const service = new AttachService(pending, { clock, reconnectTimeout, maxPayload, newKey, scope: new AsyncResource('SIMULATION') });
    service.addTo({
      addService: (_: unknown, { Attach }: { Attach: (stream: ServerStream) => void }) => (this.#network.attach = Attach),
    } as unknown as Server);
    this.#platform = new SimulatedPlatform({
      seed,
      parent: this.#parent,
      newProcess: (name) => this.#process(name),
      start: (process, info) => {
        const dice = diceFor(seed, process.name);
        const setup = { process, info, network: this.#network, manifest, codec: this.#codec, dice, watcher: this.rules };
        return new SimulatedRunner({ ...setup, appBoot: dice.below(dice.chance(0.9) ? 500 : 4_000) });
      },
      onMachine: (machines) => this.rules.machines(machines, this.#pool.stats().max),
    });
    this.#pool = new Pool({
      config: readPoolOptions(plan.pool, 'simulation'),
      backend: this.#platform,
      attachServer: { expect: (expected, signal) => pending.expect(expected, signal), serveCode: async () => {}, close: async () => {} },
      address: async () => ({ address: 'parent' }),
      manifest,
      codec: this.#codec,
      log: quiet,
      clock,
      listeners: new AbortListeners(),
      random: diceFor(seed, 'pauses').next,
      parent: 'sim',
      maxPayload,
      reconnectTimeout,
      inProcess: () => Promise.reject(new Error('nothing is in this process')),
      output: () => {},
      runnerLog: () => {},
      onCastError: () => {},
    });
    this.#pool.events$.subscribe((event) => {
      if (event.type === 'call-started') this.rules.started(event.call, this.#paused);
      if (event.type === 'stopping' && event.reason.startsWith('it was idle')) this.#idledOut += 1;
    });
  }

  /** Runs the plan. @throws {BrokenRule} if a rule was broken. */
  async run(): Promise<void> {
    this.#pool.start().catch(() => {});
    for (const { at, operation } of this.#plan.operations) this.#parent.at(at, () => this.#perform(operation));
    const last = this.#plan.operations.at(-1)?.at ?? 0;
    await this.#pass(last);
    if (this.#plan.end === 'killed') return this.#bereave();
    this.#parent.in(0, () => this.#resume());
    if (this.#plan.end === 'at rest') await this.#rest(last);
    let drained = false;
    this.#parent.in(0, () => void this.#pool.drain().then(() => (drained = true)));
    await this.#pass(this.timeline.now + rest, () => drained);
    this.rules.expect(drained, 'the pool does not drain');
    this.rules.expect(this.#platform.existing === 0, `${this.#platform.existing} machines are left after the drain`);
    await this.#pass(this.timeline.now + 30_000);
    this.rules.expect(this.#platform.runners.size === 0, 'runners are left after the drain');
    this.rules.expect(this.#parent.timers === 0, `${this.#parent.timers} timers are left in the parent`);
    this.rules.expect(this.#network.connections.size === 0, `${this.#network.connections.size} connections are left`);
    this.rules.expect(this.#open.sources === 0, `${this.#open.sources} arguments are still read from`);
    this.rules.expect(this.#open.drains === 0, `${this.#open.drains} runners are still being drained`);
    this.rules.allSettled();
    this.rules.atTheEnd();
  }

  /** No more operations: all calls end, and the pool comes to rest. */
  async #rest(last: number): Promise<void> {
    await this.#pass(last + rest, () => this.rules.quiet);
    this.rules.allSettled();
    // The longest pause between boots that failed, and the slowest clocks of idling out.
    await this.#pass(this.timeline.now + 60_000);
    const before = this.#idledOut;
    await this.#pass(this.timeline.now + 40_000);
    this.rules.atRest(this.#pool.stats(), this.#platform.runners.size, this.#idledOut - before);
  }

  /** Kills the parent. Every runner must then end by itself. */
  async #bereave(): Promise<void> {
    const { reconnectTimeout, pool, killedAfter } = this.#plan;
    for (let step = 0; step < killedAfter && (await this.timeline.next(this.timeline.now + 1_000)); step++);
    this.rules.check();
    this.#parent.die();
    await this.#pass(this.timeline.now + 20_000 + 2 * reconnectTimeout + 3 * pool.shutdownTimeout!);
    this.rules.expect(this.#platform.runners.size === 0, `${this.#platform.runners.size} runners outlive their parent`);
    this.rules.atTheEnd();
  }

  async #pass(until: number, enough: () => boolean = () => false): Promise<void> {
    while (!enough() && (await this.timeline.next(until))) {
      this.rules.expect(this.timeline.steps < mostSteps, `it goes on and on: ${mostSteps} steps`);
      this.rules.check();
    }
  }

  #process(name: string): SimulatedProcess {
    return new SimulatedProcess(name, this.timeline, diceFor(this.#plan.seed, `process ${name}`));
  }

  #perform(operation: Operation): void {
    switch (operation.type) {
      case 'call':
        return void this.#call(operation);
      case 'resize':
        return this.#pool.resize({ min: operation.min, max: operation.max });
      case 'freeze parent':
        return this.#parent.freeze(operation.duration);
      case 'jump parent':
        return this.#parent.jump(operation.duration);
      case 'pause':
        this.#pool.pause();
        this.#paused = true;
        return void this.#parent.in(operation.duration, () => this.#resume());
      case 'drain runner':
        return void this.#drainOne(operation.pick);
    }
    const runners = [...this.#platform.runners];
    // Every third time the youngest runner, which may just be attaching.
    const runner = operation.pick % 3 === 0 ? runners.at(-1) : runners[operation.pick % runners.length];
    if (runner === undefined) return;
    const { process } = runner;
    switch (operation.type) {
      case 'kill':
        return this.timeline.afterSteps(operation.steps, () => process.die());
      case 'sigterm':
        return runner.sigterm();
      case 'freeze':
        return process.freeze(operation.duration);
      case 'jump':
        return process.jump(operation.duration);
      case 'partition':
        return this.#network.partition(process, operation.duration, operation.towards);
      case 'sever twice':
        // The second time when it may have just reconnected.
        process.in(100, () => this.#network.of(process).forEach((connection) => connection.sever()));
        return this.#network.of(process).forEach((connection) => connection.sever());
      case 'sever':
        return this.#network.of(process).forEach((connection) => connection.sever());
    }
  }

  /** Pauses may overlap: the end of the first one ends all of them. */
  #resume(): void {
    this.#paused = false;
    this.#pool.resume();
  }

  async #drainOne(pick: number): Promise<void> {
    const { runners } = this.#pool.stats();
    if (runners.length === 0) return;
    const { id } = runners[pick % runners.length]!;
    const [began, frozen] = [this.timeline.now, this.#parent.frozenFor];
    this.#open.drains += 1;
    await this.#pool.drainRunner(id);
    this.#open.drains -= 1;
    const took = this.timeline.now - began - (this.#parent.frozenFor - frozen);
    this.rules.expect(took <= longestDrain, `the drain of ${id} took ${Math.round(took)} ms`);
  }

  async #call({ script, timeout, handlerTimeout, linked, leavesAfter, cast, reads }: CallOperation): Promise<void> {
    const caller = new AbortController();
    if (leavesAfter !== undefined) this.#parent.in(leavesAfter, () => caller.abort(new Error('the caller left')));
    const options = {
      linked,
      signal: caller.signal,
      ...(timeout !== undefined && { timeout }),
      ...(handlerTimeout !== undefined && { handlerTimeout }),
      ...(script.retried && { retry: { attempts: 3 }, idempotent: true }),
    };
    const record = this.rules.called(script, timeout, this.#parent);
    const args = script.does === 'reads a stream' ? [script, this.#source(script)] : [script];
    try {
      const result = cast ? await this.#pool.cast(0, args, options) : await this.#pool.call(0, args, options);
      const wrong = cast
        ? undefined
        : script.does === 'streams'
          ? await this.#read(script, result as AsyncIterable<number>, reads)
          : wrongResult(script, result);
      this.rules.settled(record, undefined, wrong);
    } catch (error) {
      this.rules.settled(
        record,
        error instanceof FlameError || isOwn(error, script) ? error : new Error(`an unknown error: ${String(error)}`),
      );
    }
  }

  async *#source({ takes }: CallScript): AsyncGenerator<number> {
    this.#open.sources += 1;
    try {
      for (let row = 0; row < takes; row++) {
        if (row % 8 === 7) await new Promise<void>((resolve) => this.#parent.in(20, resolve));
        yield row;
      }
    } finally {
      this.#open.sources -= 1;
    }
  }

  async #read(script: CallScript, rows: AsyncIterable<number>, reads: number): Promise<string | undefined> {
    let next = 0;
    for await (const row of rows) {
      if (row !== next++) return `row ${row} came where ${next - 1} was due`;
      if (next > reads) return undefined;
    }
    return next === script.takes ? undefined : `${next} rows came of ${script.takes}`;
  }
}

function wrongResult({ does, call }: CallScript, result: unknown): string | undefined {
  const right = does === 'returns much' ? Buffer.isBuffer(result) && result.equals(Buffer.alloc(300_000, call & 0xff)) : result === call;
  return right ? undefined : `it gave ${String(result).slice(0, 40)}`;
}

function isOwn(error: unknown, { call }: CallScript): boolean {
  return error instanceof RangeError && error.message === `call ${call}`;
}
