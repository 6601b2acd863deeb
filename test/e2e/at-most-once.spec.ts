import { setTimeout as sleep } from 'node:timers/promises';
import { FlameError } from 'nestjs-flame';
import { expect, it } from 'vitest';
import { LossService } from '../apps/src/conformance/loss.service.js';
import { rule, runnerEntry } from '../support/conformance.js';
import { readMarks, tally } from '../support/marks.js';
import { until } from '../support/process-table.js';
import { SeededRandom } from '../support/seeded-random.js';
import { WatchedBackend } from '../support/watched-backend.js';

/** Runners that are killed in each test; `FLAME_KILLS=1000` for half an hour of it. */
const kills = Number(process.env['FLAME_KILLS'] ?? 25);
/** Callers that always have a call under way. */
const callers = 12;

/** How a call settled. */
interface Outcome {
  readonly name: string;
  readonly value?: string;
  readonly error?: unknown;
  settled: number;
}

/**
 * Keeps calls under way while runners are killed at random moments, whatever they do then: boot, run, answer. Gives what came of each call.
 */
async function callWhileRunnersAreKilled(backend: WatchedBackend, call: (name: string) => Promise<string>): Promise<Outcome[]> {
  const random = new SeededRandom(kills);
  const outcomes: Outcome[] = [];
  let killing = true;
  const caller = async (): Promise<void> => {
    while (killing) {
      const name = `call ${outcomes.length}`;
      const outcome: { -readonly [K in keyof Outcome]: Outcome[K] } = { name, settled: 0 };
      outcomes.push(outcome);
      await call(name).then(
        (value) => {
          outcome.value = value;
          outcome.settled += 1;
        },
        (error: unknown) => {
          outcome.error = error;
          outcome.settled += 1;
        },
      );
    }
  };
  const all = Promise.all(Array.from({ length: callers }, caller));
  const answered = (): number => outcomes.reduce((sum, { settled }) => sum + settled, 0);
  try {
    for (let kill = 0; kill < kills; kill++) {
      // Mostly after something got done since the last kill; else at once, when there may only be runners that boot.
      const enough = random.chance(0.9) ? answered() + 1 + random.below(40) : 0;
      await until(() => backend.alive.size > 0 && answered() >= enough);
      await sleep(random.below(40));
      const victims = [...backend.alive];
      if (victims.length > 0) process.kill(random.pick(victims), 'SIGKILL');
    }
  } finally {
    killing = false;
  }
  await all;
  return outcomes;
}

rule(
  `Over ${kills} runners killed at random moments`,
  (start) => {
    it(
      'no handler runs twice, and every call settles exactly once, without retry',
      async () => {
        const backend = new WatchedBackend({ entry: runnerEntry });
        const { app, file, pool } = await start({ max: 3, maxConcurrency: 4 }, { backend });
        const [loss, log] = [app.get(LossService), file()];
        let calls = 0;
        const outcomes = await callWhileRunnersAreKilled(backend, (name) => loss.once(log, name, (calls++ % 8) * 5));

        const ran = tally(readMarks(log));
        expect([...ran].filter(([, times]) => times > 1)).toEqual([]);
        expect(outcomes.filter(({ settled }) => settled !== 1)).toEqual([]);
        expect(outcomes.filter(({ name, value }) => value !== undefined && (value !== name || !ran.has(name)))).toEqual([]);
        const failed = outcomes.filter(({ error }) => error !== undefined);
        for (const { error } of failed) expect(error).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe' });
        // Both happened: work was lost in the middle, and most of it was not.
        expect(failed.some(({ name }) => ran.has(name))).toBe(true);
        expect(outcomes.length - failed.length).toBeGreaterThan(kills);
        expect(failed.every(({ error }) => error instanceof FlameError)).toBe(true);
        await until(() => pool.stats().running === 0);
        console.info(`${kills} kills: ${outcomes.length} calls, ${failed.length} lost, ${ran.size} handlers ran`);
      },
      60_000 + kills * 2_000,
    );

    it(
      'every call succeeds in the end, with retry and an idempotent handler',
      async () => {
        const backend = new WatchedBackend({ entry: runnerEntry });
        const { app, file } = await start({ max: 3, maxConcurrency: 4 }, { backend });
        const [loss, log] = [app.get(LossService), file()];
        let calls = 0;
        const outcomes = await callWhileRunnersAreKilled(backend, (name) => loss.repeatable(log, name, (calls++ % 8) * 5));

        expect(outcomes.filter(({ name, value, settled }) => value !== name || settled !== 1)).toEqual([]);
        const marks = readMarks(log);
        const attempts = marks.map(({ what, attempt }) => `${what}, attempt ${attempt}`);
        expect(new Set(attempts).size).toBe(attempts.length);
        expect([...tally(marks).values()].some((times) => times > 1)).toBe(true);
      },
      60_000 + kills * 2_000,
    );
  },
  ({ isolated }) => isolated,
);
