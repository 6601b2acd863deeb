import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { PlantedFault } from '../support/planted-fault.js';
import { bundle } from './bundle.js';
import type { FuzzOptions, FuzzReport } from './fuzzer.js';

/** What is fuzzed, see `targets.ts`. */
export const targetNames = ['packets', 'introductions', 'values', 'session'] as const;
export type TargetName = (typeof targetNames)[number];

/** Builds the fuzzer, with a fault planted or not; gives what runs it, each target in a process of its own. */
export async function fuzzer(
  name: string,
  fault?: PlantedFault,
): Promise<(target: TargetName, options: Partial<FuzzOptions>) => Promise<FuzzReport>> {
  const program = await bundle(name, fault);
  return async (target, options) => {
    const all: FuzzOptions = { seed: 1, seconds: 1e6, executions: 1e12, unguided: false, ...options };
    const child = spawn(process.execPath, [program, target, JSON.stringify(all)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let report = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (report += text));
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    if (code !== 0) throw new Error(`the fuzzer of ${target} ended with ${signal ?? `exit code ${code}`}`);
    return JSON.parse(report) as FuzzReport;
  };
}

/** Fuzzes each target, or only one, for its share of the time, and prints what came of it. Says whether nothing was found. */
export async function fuzzAll(seconds: number, seed: number, only?: string): Promise<boolean> {
  const run = await fuzzer('long');
  const names = targetNames.filter((name) => only === undefined || name === only);
  let clean = true;
  for (const target of names) {
    const report = await run(target, { seed, seconds: seconds / names.length });
    const { executions, blocks, corpus, findings } = report;
    console.log(`${target}: ${executions} executions in ${report.seconds.toFixed(0)} s, ${blocks} blocks, ${corpus} inputs kept`);
    for (const [what, input] of Object.entries(findings)) console.log(`  ${what}\n    ${input}`);
    if (Object.keys(findings).length > 0) clean = false;
  }
  console.log(clean ? 'nothing was found' : 'found the above');
  return clean;
}
