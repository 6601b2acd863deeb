import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { StressOptions } from '../apps/src/stress/stress-options.js';
import buildOnce from '../support/build-once.js';
import { fuzzAll } from '../fuzz/campaign.js';
import { bundle } from '../simulation/bundle.js';
import { runStressTest, violationsOf } from './stress-test.js';
import { serveAsRunner } from './good-runner.js';
import { attackWhenTold, hostile } from './hostile.js';
import { floodAsTold, millionStreams } from './million-streams.js';

// npm run stress -- simulation --steps 1e8 [--from SEED] | faults --minutes 10 [--on-this-host] | soak --minutes 60 | hostile [ATTACK | streams] | fuzz [TARGET] --seconds 640
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string' },
    from: { type: 'string' },
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    'on-this-host': { type: 'boolean', default: false },
  },
});
const [test, what] = positionals;
const seed = Number(values.seed ?? 1);

/** As many processes as there are processors, which share the seeds among them. */
async function simulate(steps: number, from: number): Promise<boolean> {
  const program = await bundle('long');
  const began = Date.now();
  const count = availableParallelism();
  const shares = Array.from({ length: count }, async (_, share) => {
    const child = spawn(process.execPath, [program, String(from + share), String(Math.ceil(steps / count)), String(count)], {
      stdio: 'inherit',
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return code === 0;
  });
  const held = (await Promise.all(shares)).every(Boolean);
  console.log(`${held ? 'every rule held' : 'a rule was broken'}, ${Math.round((Date.now() - began) / 1_000)} s`);
  return held;
}

/** Many faults in a short time, or few in a long one. */
async function realProcesses(load: Omit<StressOptions, 'folder' | 'seed' | 'calls'>): Promise<boolean> {
  buildOnce();
  const report = await runStressTest({ ...load, calls: 100, seed }, (line) => process.stdout.write(line));
  console.log(JSON.stringify({ ...report, samples: report.samples.length }, null, 2));
  const violations = violationsOf(report);
  console.log(violations.length === 0 ? 'nothing was lost, nothing ran twice, nothing is left' : violations.join('\n'));
  return violations.length === 0;
}

const tests: Record<string, () => Promise<boolean>> = {
  simulation: () => simulate(Number(values.steps ?? 1e8), Number(values.from ?? 1)),
  faults: () =>
    realProcesses({
      minutes: Number(values.minutes ?? 10),
      callers: 16,
      pause: 20,
      faultEvery: 1_500,
      farHosts: values['on-this-host'] ? 0 : 2,
    }),
  soak: () => realProcesses({ minutes: Number(values.minutes ?? 60), callers: 6, pause: 100, faultEvery: 12_000, farHosts: 0 }),
  fuzz: () => fuzzAll(Number(values.seconds ?? 640), seed, what),
  hostile: async () => {
    const held = what === 'streams' || (await hostile(what));
    return (what !== undefined && what !== 'streams') || (await millionStreams()) ? held : false;
  },
};
/** What else this program is in processes of its own. */
const parts: Record<string, (what: string) => unknown> = { runner: serveAsRunner, attacker: attackWhenTold, flooder: floodAsTold };
if (parts[test ?? '']) parts[test!]!(what!);
else {
  const chosen = tests[test ?? ''];
  if (chosen === undefined) throw new Error(`there is no stress test "${test}": choose ${Object.keys(tests).join(', ')}`);
  process.exitCode = (await chosen()) ? 0 : 1;
}
