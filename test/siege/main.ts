import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { SiegeOrders } from '../apps/src/siege/orders.js';
import buildOnce from '../support/build-once.js';
import { fuzzAll } from '../fuzz/campaign.js';
import { bundle } from '../simulation/bundle.js';
import { besiege, faultsOf } from './besiege.js';
import { serveAsRunner } from './good-runner.js';
import { attackWhenTold, hostile } from './hostile.js';
import { floodAsTold, millionStreams } from './million-streams.js';

// npm run siege -- simulation --steps 1e8 [--from SEED] | chaos --minutes 10 [--on-this-host] | soak --minutes 60 | hostile [ATTACK | streams] | fuzz [TARGET] --seconds 640
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
const [campaign, what] = positionals;
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

/** Dense for chaos, sparse for a soak. */
async function siege(load: Omit<SiegeOrders, 'folder' | 'seed' | 'calls'>): Promise<boolean> {
  buildOnce();
  const report = await besiege({ ...load, calls: 100, seed }, (line) => process.stdout.write(line));
  console.log(JSON.stringify({ ...report, samples: report.samples.length }, null, 2));
  const faults = faultsOf(report);
  console.log(faults.length === 0 ? 'nothing was lost, nothing ran twice, nothing is left' : faults.join('\n'));
  return faults.length === 0;
}

const campaigns: Record<string, () => Promise<boolean>> = {
  simulation: () => simulate(Number(values.steps ?? 1e8), Number(values.from ?? 1)),
  chaos: () =>
    siege({
      minutes: Number(values.minutes ?? 10),
      callers: 16,
      pause: 20,
      troubleEvery: 1_500,
      farHosts: values['on-this-host'] ? 0 : 2,
    }),
  soak: () => siege({ minutes: Number(values.minutes ?? 60), callers: 6, pause: 100, troubleEvery: 12_000, farHosts: 0 }),
  fuzz: () => fuzzAll(Number(values.seconds ?? 640), seed, what),
  hostile: async () => {
    const held = what === 'streams' || (await hostile(what));
    return (what !== undefined && what !== 'streams') || (await millionStreams()) ? held : false;
  },
};
/** What else this program is for a campaign of its own. */
const parts: Record<string, (what: string) => unknown> = { runner: serveAsRunner, attacker: attackWhenTold, flooder: floodAsTold };
if (parts[campaign ?? '']) parts[campaign!]!(what!);
else {
  const chosen = campaigns[campaign ?? ''];
  if (chosen === undefined) throw new Error(`there is no campaign "${campaign}": choose ${Object.keys(campaigns).join(', ')}`);
  process.exitCode = (await chosen()) ? 0 : 1;
}
