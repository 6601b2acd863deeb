import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { calibrate } from './burn.js';
import type { Job } from './closed-loop.js';
import { abridged, documented } from './document.js';
import type { Report } from './document.js';
import { Gathering, ownBoot } from './field.js';
import type { Field } from './field.js';
import { judge } from './gates.js';
import { Results } from './results.js';
import { rowsOf } from './rows.js';
import { beside, coldStart, cpuBound, scenarios } from './scenarios.js';
import { table } from './table.js';

const { values: options } = parseArgs({
  options: {
    /** Fewer and shorter rounds, without peers: for CI. Fails where a ratio has lost a third of what is documented. */
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    /** Only scenarios whose name holds this; the cold start is called "cold start". */
    only: { type: 'string', default: '' },
    /** Writes a CPU profile of every process beside the figures. */
    profile: { type: 'boolean', default: false },
    /** Puts what was measured into bench/documented.json and docs/performance.md. */
    document: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 3 : 7));
const duration = options.quick ? 150 : 600;
const root = join(import.meta.dirname, '../..');
const out = join(root, 'out/bench');
const documentedFile = join(root, 'bench/documented.json');
const page = join(root, 'docs/performance.md');
/** Who is there for comparison only. */
const peers = ['piscina', 'nest grpc', 'bullmq'];

const folder = mkdtempSync(join(tmpdir(), 'flame-bench-'));
const gathering = new Gathering();
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
// What the bench has started ends when it is disconnected from it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  const results = new Results();
  const field = await gathering.gather(wanted(), folder, options.profile ? ['--cpu-prof', `--cpu-prof-dir=${out}`] : []);
  await warmUp(field);
  for (let round = 0; round < rounds; round++) {
    console.error(`round ${round + 1} of ${rounds}`);
    await runScenarios(field, round, results);
    await runBeside(field, results);
    await runCpuBound(field, round, results);
    if (chosen(coldStart)) await runColdStart(field, results);
  }
  report(results);
} finally {
  await gathering.stop();
}

/** The names of all who take part in what was chosen. The bench's own app is always there: it is the first column. */
function wanted(): Set<string> {
  const lists = [...scenarios, beside, ...(options.quick ? [] : [cpuBound])].filter(({ name }) => chosen(name)).map((one) => one.field);
  return new Set(['flame', ...lists.flat()].filter((name) => !options.quick || !peers.includes(name)));
}

/** Everyone's code gets compiled before it counts: by much work of one kind, and a round that is forgotten. */
async function warmUp(field: Field): Promise<void> {
  for (const [name, { contestant, task, warmUp: duration }] of field) {
    if (name !== 'ideal') await contestant.measure({ task, callers: 256, size: 0, duration });
  }
  await runScenarios(field, 0, new Results());
  await runBeside(field, new Results());
}

async function runScenarios(field: Field, round: number, results: Results): Promise<void> {
  for (const { name, callers, size, argument, field: names } of scenarios.filter((scenario) => chosen(scenario.name))) {
    for (const who of rotated(names, round)) {
      const entry = field.get(who);
      if (entry === undefined) continue;
      const job: Job = { task: argument ? 'argument' : entry.task, callers, size, duration };
      results.add(name, who, await entry.contestant.measure(job));
    }
  }
}

/** The caller's latency alone and beside the large result, one after the other. */
async function runBeside(field: Field, results: Results): Promise<void> {
  const stream = field.get('stream');
  if (!chosen(beside.name) || stream === undefined) return;
  for (const [who, task] of [
    ['alone', stream.task],
    ['beside', 'beside'],
  ] as const) {
    results.add(beside.name, who, await stream.contestant.measure({ task, callers: 1, size: 0, duration: Math.max(duration, 500) }));
  }
}

async function runCpuBound(field: Field, round: number, results: Results): Promise<void> {
  if (!chosen(cpuBound.name) || options.quick) return;
  const turns = calibrate(cpuBound.duration);
  for (const who of rotated(cpuBound.field, round)) {
    const entry = field.get(who);
    if (entry)
      results.add(cpuBound.name, who, await entry.contestant.measure({ task: 'work', callers: cpuBound.jobs, size: turns, duration: 0 }));
  }
}

/** A call to a pool that has no runner, beside what the same app takes from its start until it listens. */
async function runColdStart(field: Field, results: Results): Promise<void> {
  const { contestant } = field.get('flame')!;
  results.add(coldStart, 'flame', await contestant.measure({ task: 'cold', callers: 1, size: 0, duration: 0 }));
  const elapsed = await ownBoot(folder);
  results.add(coldStart, 'own boot', { calls: 1, elapsed, p50: elapsed, p99: elapsed, cpu: 0 });
}

function report(results: Results): void {
  const rows = rowsOf(results);
  const machine = { cpus: cpus().length, model: cpus()[0]!.model, node: process.version, platform: `${process.platform} ${process.arch}` };
  const report: Report = { date: new Date().toISOString(), machine, rounds, duration, rows };
  const file = join(out, 'bench.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(report, undefined, 2));
  console.log(table(rows));
  console.log(`\n${rounds} rounds of ${duration} ms on ${machine.cpus} × ${machine.model}, Node ${machine.node}; all figures: ${file}`);
  compare(report);
  if (!options.document) return;
  writeFileSync(documentedFile, `${JSON.stringify(abridged(report), undefined, 1)}\n`);
  writeFileSync(page, documented(readFileSync(page, 'utf8'), abridged(report)));
  console.log(`written to ${documentedFile} and ${page}`);
}

function compare({ rows }: Report): void {
  const promised = JSON.parse(readFileSync(documentedFile, 'utf8')) as Report;
  const judged = judge(rows, promised.rows);
  const lost = judged.filter((one) => one.lost);
  console.log('\nbest round / documented / set out for:');
  for (const { gate, measured, documented: value, lost: bad } of judged) {
    const line = `${measured.toPrecision(3)} / ${value?.toPrecision(3) ?? '–'} / ${gate.more ? '≥' : '≤'} ${gate.target}`;
    console.log(`  ${gate.row}, ${gate.ratio}: ${line}${bad ? '  LOST A THIRD' : ''}`);
  }
  if (options.quick && lost.length > 0) process.exitCode = 1;
}

function chosen(name: string): boolean {
  return name.includes(options.only);
}

/** Each round begins with another contestant, so that none is always first. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const from = by % list.length;
  return [...list.slice(from), ...list.slice(0, from)];
}
