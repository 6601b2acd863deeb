import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { otherPrefix } from './contestants.js';
import { abridged, documented } from './document.js';
import type { Report } from './document.js';
import { judge } from './gates.js';
import { runGroup } from './group.js';
import { Results } from './results.js';
import { rowsOf } from './rows.js';
import { againstOther, groups } from './scenarios.js';
import type { Group } from './scenarios.js';
import { ratioTable, tables } from './table.js';

const { values: options } = parseArgs({
  options: {
    /** For CI: fewer and shorter rounds, without other libraries. Fails if a ratio is a third worse than documented. */
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    /** Runs only scenarios whose name contains this text. The name of the cold start is "cold start". */
    only: { type: 'string', default: '' },
    /** Writes a CPU profile of every process beside the figures. */
    profile: { type: 'boolean', default: false },
    /** Compares with another checkout of this repository, whose library and bench must be built, and prints the ratios. */
    against: { type: 'string' },
    /** Writes the results to bench/documented.json and docs/measurements/performance.md. */
    document: { type: 'boolean', default: false },
  },
});
const against = options.against === undefined ? undefined : resolve(options.against);
// Against another checkout, many short rounds: other users of the machine disturb some of them, and the median ignores these.
const rounds = Number(options.rounds ?? (options.quick ? 3 : against === undefined ? 7 : 21));
const duration = options.quick ? 150 : against === undefined ? 600 : 200;
const root = join(import.meta.dirname, '../..');
const out = join(root, 'out/bench');
const documentedFile = join(root, 'bench/documented.json');
const page = join(root, 'docs/measurements/performance.md');
/** The contestants of other libraries, for comparison only. */
const peers = ['piscina', 'nest grpc', 'bullmq'];

const folder = mkdtempSync(join(tmpdir(), 'flame-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
// The processes that the bench has started end when they are disconnected.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const results = new Results();
const execArgv = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${out}`] : [];
const absent = options.quick ? peers : [];
for (const group of groups.map(chosenOf).map((group) => (against === undefined ? group : againstOther(group)))) {
  const sets = options.quick ? 1 : (group.sets ?? 1);
  const each = { rounds: Math.ceil(rounds / sets), duration, absent, against, folder, execArgv, log: console.error };
  for (let set = 0; set < sets; set++) await runGroup(group, each, results);
}
report(results);

function report(results: Results): void {
  const rows = rowsOf(results);
  const machine = { cpus: cpus().length, model: cpus()[0]!.model, node: process.version, platform: `${process.platform} ${process.arch}` };
  const report: Report = { date: new Date().toISOString(), machine, rounds, duration, rows };
  const file = join(out, 'bench.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(report, undefined, 2));
  console.log(tables(rows));
  console.log(`\n${rounds} rounds of ${duration} ms on ${machine.cpus} × ${machine.model}, Node ${machine.node}; all figures: ${file}`);
  if (against !== undefined) return console.log(`\nthis checkout / ${against}:\n\n${ratioTable(rows, otherPrefix)}`);
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
  console.log('\nbest round / documented / target:');
  for (const { gate, measured, documented: value, lost: bad } of judged) {
    const line = `${measured.toPrecision(3)} / ${value?.toPrecision(3) ?? '–'} / ${gate.more ? '≥' : '≤'} ${gate.target}`;
    console.log(`  ${gate.row}, ${gate.ratio}: ${line}${bad ? '  LOST A THIRD' : ''}`);
  }
  if (options.quick && lost.length > 0) process.exitCode = 1;
}

/** The scenarios of a group that match `--only`. */
function chosenOf({ topic, scenarios, execArgv, sets, beside, cpuBound, coldStart }: Group): Group {
  const wanted = <T extends { readonly name: string }>(one: T | undefined): T | undefined =>
    one?.name.includes(options.only) ? one : undefined;
  return {
    topic,
    scenarios: scenarios.filter((scenario) => wanted(scenario)),
    execArgv,
    sets,
    beside: wanted(beside),
    cpuBound: options.quick ? undefined : wanted(cpuBound),
    coldStart: wanted(coldStart),
  };
}
