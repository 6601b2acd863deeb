import { BootError } from '../../libs/flame/src/core/errors/boot-error.js';
import { PoolCall } from '../../libs/flame/src/core/pool/entries.js';
import type { PoolAction, PoolFact } from '../../libs/flame/src/core/pool/facts.js';
import { PoolMachine } from '../../libs/flame/src/core/pool/machine.js';
import type { PoolRules } from '../../libs/flame/src/core/pool/rules.js';
import type { SeededRandom } from './seeded-random.js';

/** The real state of a runner in the simulated world, as opposed to the pool machine's state. */
interface WorldRunner {
  state: 'booting' | 'up' | 'going';
  calls: Set<PoolCall>;
  served: number;
  /** When its machine got the last piece of the app's code. */
  shippedAt?: number;
}

interface Happening {
  at: number;
  order: number;
  happen: () => void;
}

/**
 * A simulated world around a pool machine: boots that succeed, fail or never end, handlers that return, hang or ignore their abort,
 * runners that die, leave or lose their connection, callers that abort, pauses, resizes and drains, all random from one seed. After every step it checks the
 * rules that must hold, and throws an error with the last steps if a rule is broken.
 */
export class PoolWorld {
  readonly #random: SeededRandom;
  readonly #machine: PoolMachine;
  readonly #rules: PoolRules;
  readonly #runners = new Map<string, WorldRunner>();
  readonly #future: Happening[] = [];
  readonly #story: string[] = [];
  readonly #open = new Map<PoolCall, 'waiting' | 'running'>();
  readonly #bounced = new Set<PoolCall>();
  /** Answered calls whose streams can still fail, once. */
  readonly #streaming = new Set<PoolCall>();
  #settled = 0;
  #calls = 0;
  #lastRun = 0;
  #order = 0;
  #now = 0;
  #drained = false;
  #paused = false;
  steps = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    const max = 1 + random.below(5);
    this.#rules = {
      name: 'p',
      max,
      min: random.below(max + 1),
      maxConcurrency: 1 + random.below(4),
      singleUse: random.chance(0.2),
      bootTimeout: 1_000,
      shutdownTimeout: random.below(2_000),
      idleAfter: 1 + random.below(500),
      minIdleAfter: random.chance(0.3) ? 1 + random.below(2_000) : Infinity,
      maxQueue: random.chance(0.3) ? random.below(5) : 100,
      headroom: random.chance(0.3) ? random.below(4) : 0,
      strategy: random.pick(['spread', 'pack', () => undefined] as const),
      maxLifetime: random.chance(0.3) ? 1 + random.below(5_000) : Infinity,
    };
    this.#machine = new PoolMachine(this.#rules, (number) => `r${number}`, random.next);
  }

  /** Performs `steps` random events, then lets all work end and checks that the pool becomes idle. */
  run(steps: number): void {
    this.#step({ type: 'start' });
    while (this.steps < steps && !this.#drained) {
      this.#provoke();
      this.#pass(this.#now + this.#random.below(300));
    }
    this.#settleDown();
  }

  #provoke(): void {
    const dice = this.#random.next();
    if (dice < 0.5) for (let n = this.#random.below(4); n >= 0; n--) this.#call();
    else if (dice < 0.6) this.#someCall((call) => this.#step({ type: 'abort', call, reason: 'left' }));
    else if (dice < 0.68) this.#someRunner('up', (id) => this.#die(id));
    else if (dice < 0.72) this.#someRunner('up', (id) => this.#step({ type: 'leaving', runner: id, reason: 'SIGTERM' }));
    else if (dice < 0.76) {
      this.#someRunner('up', (id) => {
        this.#step({ type: 'suspended', runner: id });
        this.#later(this.#random.below(500), () => this.#runners.get(id)?.state === 'up' && this.#step({ type: 'resumed', runner: id }));
      });
    } else if (dice < 0.78) {
      const max = 1 + this.#random.below(5);
      this.#step({ type: 'resize', min: this.#random.below(max + 1), max });
    } else if (dice < 0.8) this.#someRunner('up', (id) => this.#step({ type: 'drain-runner', runner: id, reason: 'asked' }));
    else if (dice < 0.81) this.#pause();
    else if (dice < 0.812) this.#step({ type: 'drain', reason: 'the end', since: this.#now - this.#random.below(1_000) });
  }

  #pause(): void {
    this.#paused = true;
    this.#step({ type: 'pause', reason: 'asked' });
    this.#later(this.#random.below(1_000), () => {
      this.#paused = false;
      this.#step({ type: 'resume' });
    });
  }

  #call(): void {
    const random = this.#random;
    const limit = (): number => (random.chance(0.2) ? Infinity : 1 + random.below(3_000));
    const overall = random.chance(0.3) ? limit() : Infinity;
    const call = new PoolCall(++this.#calls, `c${this.#calls}`, limit(), limit(), overall, random.chance(0.8));
    this.#open.set(call, 'waiting');
    this.#step({ type: 'call', call });
  }

  #someCall(act: (call: PoolCall) => void): void {
    if (this.#open.size > 0) act(this.#random.pick([...this.#open.keys()]));
  }

  #someRunner(state: WorldRunner['state'], act: (id: string) => void): void {
    const ids = [...this.#runners].filter(([, runner]) => runner.state === state).map(([id]) => id);
    if (ids.length > 0) act(this.#random.pick(ids));
  }

  #die(id: string): void {
    this.#runners.get(id)!.calls.clear();
    this.#step({ type: 'down', runner: id, how: 'killed' });
  }

  /** Advances the time, with all events and ticks that are due. */
  #pass(until: number): void {
    for (;;) {
      const next = this.#future.reduce<Happening | undefined>(
        (a, b) => (!a || b.at < a.at || (b.at === a.at && b.order < a.order) ? b : a),
        undefined,
      );
      const wake = this.#machine.nextDeadline;
      const at = Math.min(next?.at ?? Infinity, wake);
      if (at > until) break;
      this.#now = Math.max(this.#now, at);
      if (next && next.at <= wake) {
        this.#future.splice(this.#future.indexOf(next), 1);
        next.happen();
      } else this.#step({ type: 'tick' });
    }
    this.#now = until;
  }

  #later(delay: number, happen: () => void): void {
    this.#future.push({ at: this.#now + delay, order: ++this.#order, happen });
  }

  #step(fact: PoolFact): void {
    this.steps += 1;
    this.#story.push(`${this.#now} ${fact.type} ${'call' in fact ? fact.call.label : 'runner' in fact ? fact.runner : ''}`);
    if (this.#story.length > 60) this.#story.shift();
    for (const action of this.#machine.step(fact, this.#now)) {
      this.#story.push(`    ${action.type} ${'call' in action ? action.call.label : ''} ${'runner' in action ? action.runner : ''}`);
      this.#perform(action);
    }
    this.#check();
  }

  #perform(action: PoolAction): void {
    switch (action.type) {
      case 'boot':
        this.#expect(!this.#runners.has(action.runner), `${action.runner} is booted twice`);
        this.#expect(this.#runners.size < this.#machine.max, 'more machines than max');
        this.#runners.set(action.runner, { state: 'booting', calls: new Set(), served: 0 });
        return this.#boot(action.runner);
      case 'give-up':
        this.#expect(
          !action.why.includes('bootTimeout') ||
            this.#now - (this.#runners.get(action.runner)?.shippedAt ?? -Infinity) >= this.#rules.bootTimeout,
          `${action.runner} is given up although its machine gets the app's code`,
        );
        return this.#later(0, () => this.#failBoot(action.runner));
      case 'run':
        return this.#run(action.call, action.runner);
      case 'reject':
        if (!this.#streaming.delete(action.call)) this.#settle(action.call);
        return;
      case 'cancel': {
        this.#expect(this.#runners.get(action.runner)?.state !== 'booting', 'a call is cancelled on a runner that is not up');
        // Some handlers ignore their abort.
        if (this.#random.chance(0.8)) this.#later(this.#random.below(1_500), () => this.#end(action.call));
        return;
      }
      case 'ask':
        if (this.#random.chance(0.9)) {
          const yes = this.#random.chance(0.8);
          this.#later(this.#random.below(200), () => this.#step({ type: 'consent', runner: action.runner, yes }));
        }
        return;
      case 'stop':
      case 'dispose': {
        const runner = this.#runners.get(action.runner);
        this.#expect(runner?.state === 'up', `${action.type} of ${action.runner}, which is ${runner?.state}`);
        runner!.state = 'going';
        runner!.calls.clear();
        return this.#later(this.#random.below(400), () => {
          this.#runners.delete(action.runner);
          this.#step({ type: 'gone', runner: action.runner });
        });
      }
      case 'drained':
        this.#expect(this.#runners.size === 0, 'drained with machines left');
        this.#drained = true;
        return;
      default:
    }
  }

  #boot(id: string): void {
    const dice = this.#random.next();
    // A boot that hangs is aborted after bootTimeout.
    if (this.#random.chance(0.15)) this.#ship(id, 1 + this.#random.below(5));
    else if (dice < 0.7) this.#later(this.#random.below(900), () => this.#up(id));
    else if (dice < 0.9) this.#later(this.#random.below(900), () => this.#failBoot(id));
  }

  /** The machine gets the app's code in pieces, which may take longer than bootTimeout, or stalls. */
  #ship(id: string, pieces: number, sent = 0): void {
    if (this.#random.chance(0.1)) return;
    this.#later(this.#random.below(900), () => {
      const runner = this.#runners.get(id);
      if (runner?.state !== 'booting') return;
      runner.shippedAt = this.#now;
      this.#step({ type: 'shipping', runner: id, sent: sent + 1, total: pieces });
      if (sent + 1 < pieces) this.#ship(id, pieces, sent + 1);
      else this.#later(this.#random.below(900), () => this.#up(id));
    });
  }

  #up(id: string): void {
    const runner = this.#runners.get(id);
    if (runner?.state !== 'booting') return;
    runner.state = 'up';
    this.#step({ type: 'up', runner: id });
  }

  #failBoot(id: string): void {
    const runner = this.#runners.get(id);
    if (runner?.state !== 'booting') return;
    runner.state = 'going';
    this.#step({ type: 'boot-failed', runner: id, error: new BootError('no luck', { phase: 'create', fatal: this.#random.chance(0.1) }) });
    this.#later(this.#random.below(300), () => {
      this.#runners.delete(id);
      this.#step({ type: 'gone', runner: id });
    });
  }

  #run(call: PoolCall, id: string): void {
    this.#expect(!this.#paused, `${call.label} runs in a paused pool`);
    const runner = this.#runners.get(id);
    this.#expect(runner?.state === 'up', `${call.label} runs on ${id}, which is ${runner?.state}`);
    this.#expect(this.#open.get(call) === 'waiting', `${call.label} runs twice`);
    if (!this.#bounced.delete(call)) {
      this.#expect(call.id > this.#lastRun, `${call.label} overtook an earlier call`);
      this.#lastRun = call.id;
    }
    this.#open.set(call, 'running');
    runner!.calls.add(call);
    runner!.served += 1;
    this.#expect(runner!.calls.size <= this.#rules.maxConcurrency, `${id} has more calls than maxConcurrency`);
    this.#expect(!this.#rules.singleUse || runner!.served === 1, `${id} is used twice`);
    const dice = this.#random.next();
    if (dice < 0.85) this.#later(this.#random.below(2_000), () => this.#end(call));
    else if (dice < 0.9) {
      this.#later(this.#random.below(50), () => {
        if (!this.#isOn(call)) return;
        const streaming = this.#open.has(call) && this.#random.chance(0.5);
        if (this.#open.has(call)) this.#settle(call);
        if (streaming) this.#streaming.add(call);
        this.#step({ type: 'held', call, streaming });
        const fate = streaming ? this.#random.next() : 1;
        if (fate < 0.3) {
          this.#later(
            this.#random.below(1_000),
            () => this.#streaming.delete(call) && this.#step({ type: 'abandoned', call, reason: 'left' }),
          );
        } else if (fate < 0.5) {
          this.#later(this.#random.below(1_000), () => this.#streaming.has(call) && this.#step({ type: 'abort', call, reason: 'left' }));
        }
        this.#later(this.#random.below(3_000), () => this.#end(call));
      });
    } else if (dice < 0.93) {
      this.#later(this.#random.below(50), () => {
        if (!this.#isOn(call) || this.#open.get(call) !== 'running') return;
        for (const other of this.#runners.values()) other.calls.delete(call);
        this.#open.set(call, 'waiting');
        this.#bounced.add(call);
        this.#step({ type: 'bounced', call });
      });
    }
  }

  #isOn(call: PoolCall): boolean {
    return [...this.#runners.values()].some((runner) => runner.calls.has(call));
  }

  #end(call: PoolCall): void {
    for (const runner of this.#runners.values()) {
      if (!runner.calls.delete(call)) continue;
      this.#streaming.delete(call);
      if (this.#open.has(call)) this.#settle(call);
      this.#step({ type: 'ended', call });
    }
  }

  #settle(call: PoolCall): void {
    this.#expect(this.#open.delete(call), `${call.label} is settled twice`);
    this.#settled += 1;
  }

  #check(): void {
    const { waiting } = this.#machine;
    const open = [...this.#open.values()].filter((state) => state === 'waiting').length;
    this.#expect(waiting === open, `${waiting} calls wait of the pool, ${open} in the world`);
    this.#expect(this.#settled + this.#open.size === this.#calls, 'a call was lost');
    for (const runner of this.#machine.runners) {
      const real = this.#runners.get(runner.id);
      this.#expect(real !== undefined, `${runner.id} is of the pool and not in the world`);
      if (runner.state !== 'stopping')
        this.#expect(runner.load === real!.calls.size, `${runner.id} has ${real!.calls.size} calls, ${runner.load} of the pool`);
    }
  }

  /** Ends the random events and lets all work end. The pool then has `min` runners, or none if it is drained. */
  #settleDown(): void {
    for (const call of this.#open.keys()) this.#step({ type: 'abort', call, reason: 'the end' });
    for (const [id, runner] of this.#runners) if (runner.state === 'up') this.#die(id);
    this.#pass(this.#now + 200_000);
    this.#expect(this.#open.size === 0, `${this.#open.size} calls never settled`);
    this.#expect(this.#streaming.size === 0, `${this.#streaming.size} streams neither ended nor failed`);
    if (this.#drained) return;
    const up = [...this.#runners.values()].filter((runner) => runner.state === 'up').length;
    const least = this.#rules.minIdleAfter < Infinity || this.#rules.maxLifetime < Infinity ? 0 : this.#machine.min;
    // `headroom` keeps runners ready, and a runner of maximum age is replaced. All others must have stopped.
    const most =
      Math.max(this.#machine.min, Math.ceil(this.#rules.headroom / (this.#rules.singleUse ? 1 : this.#rules.maxConcurrency))) + 1;
    this.#expect(up >= Math.min(least, this.#machine.max) && up <= most, `the pool rests at ${up} runners, min is ${this.#machine.min}`);
  }

  #expect(holds: boolean, rule: string): void {
    if (!holds) throw new Error(`${rule} (seed ${this.#random.seed})\n${JSON.stringify(this.#rules)}\n${this.#story.join('\n')}`);
  }
}
