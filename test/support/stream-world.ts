import { Observable } from 'rxjs';
import { PoolRig } from './pool-rig.js';
import type { SeededRandom } from './seeded-random.js';
import { settle } from './virtual-clock.js';

/** A source of consecutive numbers that records its clean-up. */
interface MadeSource {
  readonly name: string;
  started: boolean;
  cleaned: boolean;
}

/**
 * Streams in a simulated world: sources that pause, fail or never end, readers that read to the end, stall, leave or are aborted, calls that time out, and
 * runners that stop or lose their connection, all random from one seed. In every case, each reader sees numbers without a gap until its stream ends once, each
 * started source cleans up, every slot becomes free and no timer is left.
 */
export class StreamWorld {
  readonly #random: SeededRandom;
  readonly #sources: MadeSource[] = [];
  readonly #rig: PoolRig;
  readonly #broken: string[] = [];
  /** The numbers of streams by their end. */
  readonly ends = { whole: 0, left: 0, failed: 0 };

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#rig = new PoolRig(
      {
        'A.rows': (name: string) => this.#rows(name),
        'A.later': async (name: string) => {
          await settle(random.below(4));
          return { rows: this.#rows(`${name}a`), ticks: this.#ticks(`${name}b`) };
        },
        'A.ticks': async (name: string) => this.#ticks(name),
        'A.double': async function* (rows: AsyncIterable<number>) {
          for await (const row of rows) yield row;
        },
        'A.sum': async (rows: AsyncIterable<number>) => {
          let last = 0;
          for await (const row of rows) last = row;
          return last;
        },
      },
      { max: 3, maxConcurrency: 4, handlerTimeout: 20_000, shutdownTimeout: 500, idleShutdownAfter: 300 },
    );
  }

  /** Makes `calls` calls, then lets everything end and checks that nothing is left. */
  async run(calls: number): Promise<void> {
    const ends: Promise<void>[] = [];
    for (let i = 0; i < calls; i++) {
      ends.push(this.#call(i));
      if (this.#random.chance(0.5)) await settle(1 + this.#random.below(3));
      if (this.#random.chance(0.1)) await this.#rig.clock.advance(this.#random.below(400));
      if (this.#random.chance(0.06)) this.#trouble();
    }
    for (let i = 0; i < 20; i++) await this.#rig.clock.advance(5_000);
    await Promise.all(ends);
    this.#expect(this.#rig.pool.stats().running === 0, `${this.#rig.pool.stats().running} slots are taken`);
    const drained = this.#rig.pool.drain();
    await this.#rig.clock.advance(10_000);
    await drained;
    const dirty = this.#sources.filter(({ started, cleaned }) => started && !cleaned);
    this.#expect(dirty.length === 0, `not cleaned up: ${dirty.map(({ name }) => name).join(', ')}`);
    this.#expect(this.#rig.clock.pending === 0, `${this.#rig.clock.pending} timers are left`);
    if (this.#broken.length > 0) throw new Error(`${this.#broken.join('; ')} (seed ${this.#random.seed})`);
  }

  #trouble(): void {
    const machine = this.#random.pick(this.#rig.machines.length > 0 ? this.#rig.machines : [undefined]);
    const dice = this.#random.next();
    if (dice < 0.5) void machine?.stop(this.#random.below(500));
    else {
      machine?.cut();
      if (this.#random.chance(0.6)) void settle(this.#random.below(20)).then(() => machine?.restore());
    }
  }

  async #call(number: number): Promise<void> {
    const random = this.#random;
    const name = `s${number}`;
    const caller = new AbortController();
    if (random.chance(0.15)) void settle(random.below(30)).then(() => caller.abort(new Error('the caller left')));
    const options = {
      signal: caller.signal,
      linked: random.chance(0.8),
      ...(random.chance(0.2) ? { handlerTimeout: 1 + random.below(300) } : undefined),
    };
    try {
      const dice = random.next();
      if (dice < 0.35) await this.#read(await this.#rig.call('A.rows', [name], { ...options, reads: random.chance(0.5) }));
      else if (dice < 0.5) await this.#read(await this.#rig.call('A.ticks', [name], options));
      else if (dice < 0.7) {
        const { rows, ticks } = (await this.#rig.call('A.later', [name], options)) as { rows: unknown; ticks: unknown };
        await Promise.all([this.#read(rows), this.#read(ticks)]);
      } else if (dice < 0.85) await this.#read(await this.#rig.call('A.double', [this.#rows(`${name}>`)], options));
      else await this.#rig.call('A.sum', [this.#rows(`${name}>`)], options);
    } catch (error) {
      // Every failure was provoked, except that a side may have refused a value of the other side.
      this.#expect(!/refused a .* frame/.test(String(error)), String(error));
      this.ends.failed += 1;
    }
  }

  /** Reads a stream in one of several ways. */
  async #read(stream: unknown): Promise<void> {
    const leaveAfter = this.#random.chance(0.4) ? this.#random.below(60) : Infinity;
    const stalls = this.#random.chance(0.3);
    if (stream instanceof Observable) return this.#subscribe(stream, leaveAfter);
    const rows = stream as AsyncGenerator<number>;
    if (leaveAfter === 0) {
      this.ends.left += 1;
      return void (await rows.return(undefined));
    }
    let seen = 0;
    for await (const row of rows) {
      this.#expect(row === seen + 1, `${row} came after ${seen}`);
      if (++seen >= leaveAfter) break;
      if (stalls && this.#random.chance(0.1)) await settle(this.#random.below(10));
    }
    this.#expect((await rows.next()).done === true, 'a stream goes on after its end');
    this.ends[seen >= leaveAfter ? 'left' : 'whole'] += 1;
  }

  #subscribe(ticks: Observable<unknown>, leaveAfter: number): Promise<void> {
    let seen = 0;
    return new Promise((resolve, reject) => {
      const subscription = ticks.subscribe({
        next: (tick) => {
          this.#expect(tick === ++seen, `${String(tick)} came after ${seen - 1}`);
          if (seen >= leaveAfter) leave();
        },
        error: reject,
        complete: () => {
          this.ends.whole += 1;
          resolve();
        },
      });
      const leave = (): void => {
        subscription.unsubscribe();
        this.ends.left += 1;
        resolve();
      };
      if (leaveAfter === 0) leave();
    });
  }

  async *#rows(name: string): AsyncGenerator<number> {
    const source = this.#source(name);
    const random = this.#random;
    const count = random.chance(0.2) ? Infinity : random.below(80);
    try {
      for (let i = 1; i <= count; i++) {
        yield i;
        if (random.chance(0.1)) await settle(random.below(4));
        if (random.chance(0.005)) throw new RangeError('torn');
      }
    } finally {
      await settle(random.below(3));
      source.cleaned = true;
    }
  }

  #ticks(name: string): Observable<number> {
    return new Observable((subscriber) => {
      const source = this.#source(name);
      const count = this.#random.below(200);
      for (let i = 1; i <= count; i++) subscriber.next(i);
      if (this.#random.chance(0.7)) subscriber.complete();
      else if (this.#random.chance(0.3)) subscriber.error(new RangeError('torn'));
      return () => (source.cleaned = true);
    });
  }

  #source(name: string): MadeSource {
    const source = { name, started: true, cleaned: false };
    this.#sources.push(source);
    return source;
  }

  #expect(holds: boolean, rule: string): void {
    if (!holds) this.#broken.push(rule);
  }
}
