import { SeededRandom } from '../../support/seeded-random.js';
import type { PoolOptions } from '../../../libs/flame/src/core/options/pool-options.js';
import type { CallScript } from './call-script.js';

/** A call or a fault in a world. `pick` selects one of the runners that exist then. `steps` delays the operation by so many events. */
export type Operation =
  | {
      readonly type: 'call';
      readonly script: CallScript;
      readonly timeout?: number;
      readonly handlerTimeout?: number;
      readonly linked: boolean;
      readonly leavesAfter?: number;
      readonly cast: boolean;
      readonly reads: number;
    }
  | { readonly type: 'kill'; readonly pick: number; readonly steps: number }
  | { readonly type: 'sigterm' | 'drain runner' | 'sever' | 'sever twice'; readonly pick: number }
  | { readonly type: 'partition'; readonly pick: number; readonly duration: number; readonly towards: 'both' | 'parent' | 'runner' }
  | { readonly type: 'freeze' | 'jump'; readonly pick: number; readonly duration: number }
  | { readonly type: 'freeze parent' | 'jump parent' | 'pause'; readonly duration: number }
  | { readonly type: 'resize'; readonly min: number; readonly max: number };

/** An operation and its time. */
export interface PlannedOperation {
  readonly at: number;
  readonly operation: Operation;
}

/** The plan of a world: its pool, its operations, and its end. */
export interface Plan {
  readonly seed: number;
  readonly pool: PoolOptions & { max: number; maxConcurrency: number };
  readonly reconnectTimeout: number;
  readonly operations: readonly PlannedOperation[];
  /** True if no operation may lose a call: connections only break for a moment, and runners are told to stop. */
  readonly gentle: boolean;
  /** The pool is closed at rest or during work, or the parent is killed during work. */
  readonly end: 'at rest' | 'at work' | 'killed';
  /** The parent is killed after so many more events. */
  readonly killedAfter: number;
}

/** Makes a world's plan from its seed. */
export function planFor(seed: number): Plan {
  const dice = new SeededRandom(seed);
  const max = 1 + dice.below(5);
  const bootTimeout = 2_500;
  const gentle = dice.chance(0.25);
  const pool = {
    name: 'p',
    max,
    min: dice.chance(0.5) ? 0 : dice.below(max + 1),
    minBoot: 'degrade',
    maxConcurrency: 1 + dice.below(4),
    singleUse: dice.chance(0.15),
    handlerTimeout: dice.chance(0.5) ? 1_500 : 20_000,
    bootTimeout,
    queueTimeout: dice.chance(0.5) ? bootTimeout : 60_000,
    shutdownTimeout: dice.below(2_000),
    idleShutdownAfter: 1 + dice.below(1_000),
    minIdleShutdownAfter: dice.chance(0.2) ? 1 + dice.below(2_000) : Infinity,
    maxQueue: dice.chance(0.2) ? dice.below(6) : 1_000,
    headroom: dice.chance(0.2) ? dice.below(4) : 0,
    strategy: dice.pick(['spread', 'pack'] as const),
    maxLifetime: dice.chance(0.2) ? 500 + dice.below(5_000) : Infinity,
  } as const;
  const operations: PlannedOperation[] = [];
  let [at, calls] = [0, 0];
  const count = 60 + dice.below(120);
  for (let i = 0; i < count; i++) {
    at += dice.chance(0.5) ? dice.below(40) : dice.below(400);
    operations.push({ at, operation: dice.chance(0.75) ? call(dice, calls++, gentle) : gentle ? gentleFault(dice) : fault(dice) });
  }
  const end = dice.chance(0.6) ? 'at rest' : dice.chance(0.5) ? 'at work' : 'killed';
  return { seed, pool, reconnectTimeout: gentle ? 5_000 : 500 + dice.below(2_000), operations, gentle, end, killedAfter: dice.below(50) };
}

function call(dice: SeededRandom, number: number, gentle: boolean): Operation {
  const roll = dice.next();
  const does =
    roll < 0.55
      ? 'returns'
      : roll < 0.65
        ? 'throws'
        : roll < 0.72
          ? 'hangs'
          : roll < 0.75
            ? 'ignores its abort'
            : roll < 0.8
              ? 'returns much'
              : roll < 0.92
                ? 'streams'
                : roll < 0.97
                  ? 'reads a stream'
                  : 'crashes';
  const spared = gentle && (does === 'ignores its abort' || does === 'crashes');
  const cast = does !== 'streams' && dice.chance(0.1);
  return {
    type: 'call',
    script: {
      call: number,
      does: spared ? 'returns' : does,
      takes: dice.chance(0.6) ? dice.below(80) : dice.below(1_500),
      retried: dice.chance(0.1),
    },
    linked: dice.chance(0.85),
    cast,
    reads: dice.chance(0.3) ? dice.below(60) : Infinity,
    ...(dice.chance(0.25) && { timeout: 1 + dice.below(3_000) }),
    ...(dice.chance(0.25) && { handlerTimeout: 1 + dice.below(1_000) }),
    ...(dice.chance(0.2) && { leavesAfter: dice.below(1_000) }),
  };
}

/** The directions of a partition. */
const directions = ['both', 'parent', 'runner'] as const;

function gentleFault(dice: SeededRandom): Operation {
  const pick = dice.below(1_000);
  const roll = dice.next();
  if (roll < 0.25) return { type: 'sever', pick };
  if (roll < 0.4) return { type: 'sever twice', pick };
  if (roll < 0.6) return { type: 'partition', pick, duration: dice.below(500), towards: dice.pick(directions) };
  if (roll < 0.78) return { type: 'sigterm', pick };
  if (roll < 0.82) return { type: 'drain runner', pick };
  if (roll < 0.87) return { type: 'freeze', pick, duration: dice.below(300) };
  if (roll < 0.92) return { type: 'pause', duration: dice.below(500) };
  const max = 1 + dice.below(5);
  return { type: 'resize', min: dice.below(max + 1), max };
}

function fault(dice: SeededRandom): Operation {
  const roll = dice.next();
  const pick = dice.below(1_000);
  if (roll < 0.15) return { type: 'kill', pick, steps: dice.below(20) };
  if (roll < 0.26) return { type: 'sigterm', pick };
  if (roll < 0.29) return { type: 'drain runner', pick };
  if (roll < 0.45) return { type: 'sever', pick };
  if (roll < 0.55) return { type: 'sever twice', pick };
  if (roll < 0.7) return { type: 'partition', pick, duration: dice.below(4_000), towards: dice.pick(directions) };
  if (roll < 0.78) return { type: 'freeze', pick, duration: dice.below(4_000) };
  if (roll < 0.84) return { type: 'jump', pick, duration: dice.below(4_000) };
  if (roll < 0.89) return { type: 'freeze parent', duration: dice.below(3_000) };
  if (roll < 0.93) return { type: 'jump parent', duration: dice.below(3_000) };
  if (roll < 0.96) return { type: 'pause', duration: dice.below(2_000) };
  const max = 1 + dice.below(5);
  return { type: 'resize', min: dice.below(max + 1), max };
}
