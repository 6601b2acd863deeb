import { SeededRandom } from '../support/seeded-random.js';
import { mutate } from './mutations.js';

/** Code that reads bytes, and what it may do with them. */
export interface FuzzTarget {
  readonly seeds: readonly Buffer[];
  /** Reads an input, and throws if that did what it must not do. A promise is waited for. */
  readonly run: (input: Buffer) => void | Promise<void>;
}

export interface FuzzReport {
  readonly executions: number;
  readonly seconds: number;
  /** Blocks that ran. */
  readonly blocks: number;
  readonly corpus: number;
  /** One input for each fault, as short as it could be made, in hex, and what it brings about. */
  readonly findings: Readonly<Record<string, string>>;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly executions: number;
  /** Bytes without any guidance instead: what the guidance is measured by. */
  readonly unguided: boolean;
}

declare const flameBlocks: Uint32Array;

/** The longest input, in bytes, the longest time that one may take, in milliseconds, and the most memory beside the heap, in bytes. */
const [longest, slow, much] = [2_048, 500, 400 * 1024 * 1024];

/** Fuzzes a target: whatever input brings its code where none was before, or so often, is kept, and others are made from it. */
export async function fuzz(target: FuzzTarget, { seed, seconds, executions, unguided }: FuzzOptions): Promise<FuzzReport> {
  const random = new SeededRandom(seed);
  const coverage = new Coverage();
  const corpus: Buffer[] = [];
  const findings: Record<string, string> = {};
  const began = performance.now();
  let count = 0;
  const over = (): boolean => count >= executions || performance.now() - began >= seconds * 1_000;

  const trial = async (input: Buffer): Promise<void> => {
    count++;
    flameBlocks.fill(0);
    const fault = await faultOf(target, input);
    if (coverage.grew()) corpus.push(input);
    if (fault === undefined || fault in findings) return;
    findings[fault] = (await shrink(target, input, fault)).toString('hex');
  };

  if (!unguided) for (const input of target.seeds) await trial(input);
  while (!over()) {
    const input = unguided
      ? Buffer.from(Array.from({ length: 1 + random.below(200) }, () => random.below(256)))
      : mutate(chosen(corpus, random), corpus, random, longest);
    await trial(input);
    // Memory beside the heap is let go of when there is time for it.
    if (count % 1_000 === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      if (process.memoryUsage().arrayBuffers > much) findings[`more than ${much} bytes are held`] ??= input.toString('hex');
    }
  }
  return { executions: count, seconds: (performance.now() - began) / 1_000, blocks: coverage.blocks, corpus: corpus.length, findings };
}

/** One to go on from: rather one that was found late, which is nearest to what was not, and rather a short one, in which a change is more likely to matter. */
function chosen(corpus: readonly Buffer[], random: SeededRandom): Buffer {
  const late = random.chance(0.4) ? Math.max(0, corpus.length - 20) : 0;
  const pick = (): Buffer => corpus[late + random.below(corpus.length - late)]!;
  const [one, another] = [pick(), pick()];
  return one.length < another.length ? one : another;
}

/** Which blocks ran, and about how often: 1, 2, 3, 4 to 7, 8 to 15 times and so on. */
class Coverage {
  readonly #seen = new Uint16Array(flameBlocks.length);
  blocks = 0;

  /** Takes what ran last; says whether any of it is new. */
  grew(): boolean {
    let grew = false;
    for (let block = 0; block < flameBlocks.length; block++) {
      const times = flameBlocks[block]!;
      if (times === 0) continue;
      const size = 1 << (times < 4 ? times : Math.min(15, 34 - Math.clz32(times)));
      const seen = this.#seen[block]!;
      if ((seen & size) !== 0) continue;
      if (seen === 0) this.blocks++;
      this.#seen[block] = seen | size;
      grew = true;
    }
    return grew;
  }
}

/** What is wrong with what an input brought about. */
async function faultOf({ run }: FuzzTarget, input: Buffer): Promise<string | undefined> {
  const began = performance.now();
  try {
    const done = run(input);
    if (done !== undefined) await done;
  } catch (error) {
    const { name, message, stack = '' } = error as Error;
    const place = /at (?:async )?(?:new )?([\w.#]+) /.exec(stack)?.[1] ?? '';
    return `${name} in ${place}: ${message.replaceAll(/\d+/g, 'N').slice(0, 200)}`;
  }
  for (const name in {}) {
    delete (Object.prototype as Record<string, unknown>)[name];
    return `Object.prototype was given "${name}"`;
  }
  return performance.now() - began > slow ? 'slow' : undefined;
}

/** The shortest input that could be made of it which does the same. */
async function shrink(target: FuzzTarget, input: Buffer, fault: string): Promise<Buffer> {
  let bytes = input;
  for (let size = input.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < bytes.length;) {
      const without = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
      if ((await faultOf(target, without)) === fault) bytes = without;
      else at += size;
    }
  }
  return bytes;
}
