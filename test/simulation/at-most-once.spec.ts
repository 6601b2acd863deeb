import { setImmediate as turn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { FlameError, OnFlame } from 'nestjs-flame';
import { FlameFaults, FlameTestingModule, VirtualClock } from 'nestjs-flame/testing';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../support/seeded-random.js';

const kills = 1_000;

/** Handlers that count how often each call ran. */
@Injectable()
class Effects {
  readonly counts = new Map<number, number>();

  @OnFlame('p')
  async once(call: number, turns: number): Promise<number> {
    return this.#effect(call, turns);
  }

  @OnFlame('p', { retry: { attempts: 1_000 }, idempotent: true })
  async repeatable(call: number, turns: number): Promise<number> {
    return this.#effect(call, turns);
  }

  async #effect(call: number, turns: number): Promise<number> {
    this.counts.set(call, (this.counts.get(call) ?? 0) + 1);
    for (let i = 0; i < turns; i++) await turn();
    return call;
  }
}

interface Run {
  readonly outcomes: readonly { readonly results: number[]; readonly errors: unknown[] }[];
  readonly effects: Effects;
}

/** Calls without end, over `kills` runners that die at a moment of the dice; time is virtual. */
async function callWhileRunnersAreKilled(method: 'once' | 'repeatable', seed: number): Promise<Run> {
  const app = await Test.createTestingModule({
    imports: [FlameTestingModule.forRoot([{ name: 'p', max: 3, maxConcurrency: 3 }], { virtualTime: true })],
    providers: [Effects],
  }).compile();
  app.useLogger(false);
  await app.init();
  const [effects, faults, clock] = [app.get(Effects), app.get(FlameFaults), app.get(VirtualClock)];
  const random = new SeededRandom(seed);
  const outcomes: { results: number[]; errors: unknown[] }[] = [];
  const calls: Promise<void>[] = [];
  for (let killed = 0; killed < kills;) {
    for (let i = random.below(4); i > 0; i--) {
      const call = outcomes.length;
      const outcome = { results: [] as number[], errors: [] as unknown[] };
      outcomes.push(outcome);
      calls.push(
        effects[method](call, random.below(6)).then(
          (result) => void outcome.results.push(result),
          (error: unknown) => void outcome.errors.push(error),
        ),
      );
    }
    for (let i = random.below(8); i > 0; i--) await turn();
    if (random.chance(0.3)) await clock.advance(random.below(1_500));
    if (faults.runners.length === 0 || random.chance(0.3)) continue;
    faults.dropRunner(random.pick(faults.runners));
    killed += 1;
  }
  let settled = false;
  void Promise.all(calls).then(() => (settled = true));
  while (!settled) await clock.advance(1_000);
  const closed = app.close();
  await clock.advance(60_000);
  await closed;
  return { outcomes, effects };
}

describe(`Over ${kills} runners dropped at random moments`, () => {
  it('no handler runs twice, and every call settles exactly once, without retry', async () => {
    const { outcomes, effects } = await callWhileRunnersAreKilled('once', 1);
    expect([...effects.counts].filter(([, times]) => times > 1)).toEqual([]);
    expect(outcomes.filter(({ results, errors }) => results.length + errors.length !== 1)).toEqual([]);
    outcomes.forEach(({ results }, call) => {
      if (results.length > 0) expect([results[0], effects.counts.get(call)]).toEqual([call, 1]);
    });
    const errors = outcomes.flatMap((outcome) => outcome.errors);
    expect(errors.every((error) => error instanceof FlameError && error.code === 'FLAME_LOST')).toBe(true);
    expect(errors.length).toBeGreaterThan(100);
    expect(outcomes.length - errors.length).toBeGreaterThan(500);
  });

  it('every call succeeds in the end, with retry and an idempotent handler', async () => {
    const { outcomes, effects } = await callWhileRunnersAreKilled('repeatable', 2);
    outcomes.forEach(({ results, errors }, call) => expect([results, errors]).toEqual([[call], []]));
    expect([...effects.counts.values()].some((times) => times > 1)).toBe(true);
  });
});
