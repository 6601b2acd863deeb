import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { tool } from './tool.js';
import { writeApp } from './generated-app.js';

// Measures what a call takes that finds no runner, from its app's own files and from a bundle, one after the other in turns:
// `npm run bench:cold-start`, with the demo, and with an app of 540 providers in 60 modules with TypeORM and GraphQL. For the demo also of
// an app that has booted runners before, and so has compiled its own side of a boot. Exits with 1 if a bundle takes more of the other's time
// than its limit.

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../../..');
const rounds = Number(process.argv[2] ?? 7);

/** Times since the call, in milliseconds. */
interface Stages {
  readonly begun: number;
  readonly process: number;
  readonly node: number;
  readonly loaded: number;
  readonly booted: number;
  readonly called: number;
  readonly answered: number;
  readonly cpu: number;
}

const median = (list: readonly number[]): number => list.toSorted((one, other) => one - other)[Math.floor(list.length / 2)]!;
const ms = (time: number): string => `${Math.round(time)} ms`;
let broken = 0;

/** Takes turns, and compares the medians. The first start from the bundle does not count: it compiles. */
async function compare<T>(
  name: string,
  limit: number,
  once: (bundle: 'yes' | 'no') => Promise<T>,
  took: (found: T) => number,
): Promise<Record<'yes' | 'no', T[]>> {
  const found: Record<'yes' | 'no', T[]> = { yes: [], no: [] };
  const first = took(await once('yes'));
  for (let round = 0; round < rounds; round++) for (const bundle of ['no', 'yes'] as const) found[bundle].push(await once(bundle));
  const [without, bundled] = [median(found.no.map(took)), median(found.yes.map(took))];
  const kept = bundled / without <= limit;
  if (!kept) broken++;
  console.log(
    `${kept ? 'ok    ' : 'BROKEN'} ${name}, call to answer: ${ms(bundled)} from a bundle, ${ms(without)} without: ${(bundled / without).toFixed(2)} (limit ${limit}); the first start from the bundle ${ms(first)}`,
  );
  return found;
}

const image = realpathSync(mkdtempSync(join(tmpdir(), 'flame-cold-start-')));
try {
  const optional = ['esbuild', '@nestjs/graphql', '@nestjs/typeorm', 'typeorm', 'graphql'].map((name) => `+${name}`);
  await run(process.execPath, ['test/engines/app-folder.mjs', image, 'demo', 'nestjs-flame', ...optional], { cwd: repository });
  const demo = join(image, 'apps/demo');
  const big = join(image, 'apps/big');
  const providers = writeApp(big, 60);
  // A database in the process: the rest of the app is what is measured.
  cpSync(join(dirname(tool('sql.js@1.13.0')), 'sql.js'), join(image, 'node_modules/sql.js'), { recursive: true });
  for (const cwd of [demo, big])
    await run(process.execPath, [join(image, 'node_modules/nestjs-flame/dist/entry/cli.js'), 'bundle'], { cwd });

  const start = async (cwd: string, RUNNER_BUNDLE: string, ...command: string[]): Promise<string> => {
    const env = { ...process.env, RUNNER_BUNDLE, RUNNER_ENTRY: 'dist/main.js' };
    const { stdout } = await run(process.execPath, command, { cwd, env });
    return stdout.split('\n').find((line) => line.startsWith('{'))!;
  };
  console.log(`Node ${process.version}, ${rounds} rounds`);
  const demoTimes = await compare(
    'the demo',
    0.4,
    async (bundle) => JSON.parse(await start(demo, bundle, 'dist/driver/cold-start.js', '5')) as { took: number; later: number[] },
    ({ took }) => took,
  );
  const later = (bundle: 'yes' | 'no'): number => median(demoTimes[bundle].flatMap((times) => times.later));
  console.log(
    `  later calls of the same app, to the next runners: ${ms(later('yes'))} from a bundle, ${ms(later('no'))} without: ${(later('yes') / later('no')).toFixed(2)}`,
  );
  const found = await compare(
    `an app of ${providers} providers`,
    0.5,
    async (bundle) => JSON.parse(await start(big, bundle, 'dist/main.js')) as Stages,
    ({ begun, answered }) => answered - begun,
  );
  const stages: [string, (found: Stages) => number][] = [
    ['the process is there', (at) => at.process - at.begun],
    ['Node has started', (at) => at.node - at.process],
    ['the app is loaded', (at) => at.loaded - at.node],
    ['Nest has created it', (at) => at.booted - at.loaded],
    ['attached, and called', (at) => at.called - at.booted],
    ['answered', (at) => at.answered - at.called],
    ['CPU time of the runner', (at) => at.cpu],
  ];
  for (const [stage, time] of stages)
    console.log(
      `  ${stage.padEnd(24)} ${ms(median(found.yes.map(time))).padStart(8)} from a bundle, ${ms(median(found.no.map(time))).padStart(8)} without`,
    );
} finally {
  rmSync(image, { recursive: true });
}
process.exitCode = broken > 0 ? 1 : 0;
