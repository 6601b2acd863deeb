import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { FlameError } from 'nestjs-flame';

/** The most calls of one stress test. */
const mostCalls = 50_000_000;

/** What a stress test reports of its calls. All lists are empty when nothing was lost. */
export interface LedgerReport {
  readonly started: number;
  readonly settled: Readonly<Record<string, number>>;
  readonly handlerRuns: number;
  readonly neverSettled: number[];
  readonly settledTwice: number[];
  readonly ranTwice: number[];
  /** Said to have run, and did not; said not to have run, and did. */
  readonly liedAbout: string[];
  /** Gave what was not theirs, or failed with what is no FlameError and was not thrown. */
  readonly wrong: string[];
}

/** How each call of a stress test settled, and how often its handler ran. A fixed few bytes a call, so that it does not hide what leaks. */
export class Ledger {
  readonly #kinds: string[] = ['open'];
  /** Kind by call; pages that nothing was written to cost nothing. */
  readonly #kindOf = new Uint8Array(mostCalls);
  readonly #settledTwice: number[] = [];
  readonly #wrong: string[] = [];
  #started = 0;
  #returned = 0;

  get started(): number {
    return this.#started;
  }

  get returned(): number {
    return this.#returned;
  }

  /** Books a call from its start to its end. `made` gives whether the value is the call's own. */
  async record(make: (call: number) => Promise<boolean>): Promise<void> {
    const call = this.#started++;
    try {
      const right = await make(call);
      if (!right) this.#wrong.push(`call ${call} gave what is not its own`);
      this.#returned += 1;
      this.#settle(call, 'returned, ran: yes');
    } catch (error) {
      if (error instanceof FlameError) this.#settle(call, `${error.code}, ran: ${error.ran}`);
      else if (error instanceof RangeError && error.message === `call ${call}`) this.#settle(call, 'threw, ran: yes');
      else {
        this.#wrong.push(`call ${call} failed with ${String(error)}`);
        this.#settle(call, 'other, ran: maybe');
      }
    }
  }

  async report(marks: string): Promise<LedgerReport> {
    const runs = new Uint8Array(this.#started);
    let handlerRuns = 0;
    if (existsSync(marks)) {
      for await (const line of createInterface({ input: createReadStream(marks) })) {
        runs[Number(line)]! += 1;
        handlerRuns += 1;
      }
    }
    const [settled, neverSettled, ranTwice, liedAbout]: [Record<string, number>, number[], number[], string[]] = [{}, [], [], []];
    for (let call = 0; call < this.#started; call++) {
      const kind = this.#kinds[this.#kindOf[call]!]!;
      if (kind === 'open') neverSettled.push(call);
      else settled[kind] = (settled[kind] ?? 0) + 1;
      if (runs[call]! > 1) ranTwice.push(call);
      if (kind.endsWith('yes') ? runs[call] === 0 : kind.endsWith('no') && runs[call]! > 0)
        liedAbout.push(`call ${call} (${kind}) ran ${runs[call]} times`);
    }
    return {
      started: this.#started,
      settled,
      handlerRuns,
      neverSettled,
      settledTwice: this.#settledTwice,
      ranTwice,
      liedAbout,
      wrong: this.#wrong,
    };
  }

  #settle(call: number, kind: string): void {
    if (this.#kindOf[call] !== 0) this.#settledTwice.push(call);
    let index = this.#kinds.indexOf(kind);
    if (index < 0) index = this.#kinds.push(kind) - 1;
    this.#kindOf[call] = index;
  }
}
