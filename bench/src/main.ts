import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Job } from './closed-loop.js';
import { Contestant } from './contestant.js';
import { Results } from './results.js';
import type { Row } from './results.js';
import { scenarios } from './scenarios.js';
import { table } from './table.js';

const { values: options } = parseArgs({
  options: {
    /** Fewer and shorter rounds: for CI. */
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    /** Only scenarios whose name holds this; the cold start is called "cold start". */
    only: { type: 'string', default: '' },
    /** Writes a CPU profile of every process beside the figures. */
    profile: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 3 : 7));
const duration = options.quick ? 150 : 600;
const out = join(import.meta.dirname, '../../out/bench');
const app = 'app/main.js';

/** Contestants by name: their process and task. Ours comes first: it is compared with the others. */
type Field = ReadonlyMap<string, { readonly contestant: Contestant; readonly task: string }>;

const folder = mkdtempSync(join(tmpdir(), 'flame-bench-'));
const started: Contestant[] = [];
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
// What the bench has started ends when it is disconnected from it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  const results = new Results();
  const field = await gather();
  await warmUp(field);
  for (let round = 0; round < rounds; round++) {
    console.error(`round ${round + 1} of ${rounds}`);
    await runScenarios(field, round, results);
    if (chosen('cold start')) await runColdStart(field, results);
  }
  report(rowsOf(results));
} finally {
  await Promise.all(started.map((contestant) => contestant.stop()));
}

async function gather(): Promise<Field> {
  const execArgv = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${out}`] : [];
  const start = async (file: string, pool = ''): Promise<Contestant> => {
    const contestant = await Contestant.start(file, [folder, pool], execArgv);
    started.push(contestant);
    return contestant;
  };
  return new Map([
    ['flame', { contestant: await start(app, 'process'), task: 'process' }],
    ['batched', { contestant: await start('raw-batched.js'), task: 'echo' }],
    ['unary', { contestant: await start('raw-unary.js'), task: 'echo' }],
    ['local', { contestant: await start(app, 'local'), task: 'local' }],
  ]);
}

/** Everyone's code gets compiled before it counts: by much work of one kind, and a round that is forgotten. */
async function warmUp(field: Field): Promise<void> {
  for (const { contestant, task } of field.values()) await contestant.measure({ task, callers: 256, size: 0, duration: 1_500 });
  await runScenarios(field, 0, new Results());
}

async function runScenarios(field: Field, round: number, results: Results): Promise<void> {
  for (const { name, callers, size } of scenarios.filter((scenario) => chosen(scenario.name))) {
    for (const [who, { contestant, task }] of rotated([...field], round)) {
      if (task === 'local' && size > 0) continue;
      const job: Job = { task, callers, size, duration };
      results.add(name, who, await contestant.measure(job));
    }
  }
}

/** A call to a pool that has no runner, beside what the same app takes from its start until it listens. */
async function runColdStart(field: Field, results: Results): Promise<void> {
  const ours = field.get('flame')!.contestant;
  results.add('cold start', 'flame', await ours.measure({ task: 'cold', callers: 1, size: 0, duration: 0 }));
  const begun = performance.now();
  const boot = await Contestant.start(app, [folder]);
  const elapsed = performance.now() - begun;
  await boot.stop();
  results.add('cold start', 'own boot', { calls: 1, elapsed, p50: elapsed, p99: elapsed, cpu: 0 });
}

function rowsOf(results: Results): Row[] {
  const rows = scenarios
    .filter((scenario) => chosen(scenario.name))
    .flatMap(({ name, callers, size }) => [
      results.row(name, '', 'calls/s', ({ calls, elapsed }) => (calls / elapsed) * 1000),
      results.row(name, ', CPU a call', 'µs', ({ calls, cpu }) => (cpu / calls) * 1000),
      ...(callers === 1 && size === 0
        ? [results.row(name, ', p50', 'µs', ({ p50 }) => p50 * 1000), results.row(name, ', p99', 'µs', ({ p99 }) => p99 * 1000)]
        : []),
    ]);
  return chosen('cold start') ? [...rows, results.row('cold start', '', 'ms', ({ elapsed }) => elapsed)] : rows;
}

function report(rows: readonly Row[]): void {
  const machine = { cpus: cpus().length, model: cpus()[0]!.model, node: process.version, platform: `${process.platform} ${process.arch}` };
  const file = join(out, 'bench.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ date: new Date().toISOString(), machine, rounds, duration, rows }, undefined, 2));
  console.log(table(rows));
  console.log(`\n${rounds} rounds of ${duration} ms on ${machine.cpus} × ${machine.model}, Node ${machine.node}; all figures: ${file}`);
}

function chosen(name: string): boolean {
  return name.includes(options.only);
}

/** Each round begins with another contestant, so that none is always first. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const from = by % list.length;
  return [...list.slice(from), ...list.slice(0, from)];
}
