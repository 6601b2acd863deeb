import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { calibrate } from './burn.js';
import type { Job } from './closed-loop.js';
import { Gathering, ownBoot } from './field.js';
import type { Field } from './field.js';
import { Results } from './results.js';
import type { Heat } from './scenarios.js';

export interface HeatOptions {
  readonly rounds: number;
  /** Milliseconds of a measurement. */
  readonly duration: number;
  /** Who is not there. */
  readonly absent: readonly string[];
  /** Where heats have folders of their own, for the sockets of the raw servers. */
  readonly folder: string;
  /** Node's options for each process. */
  readonly execArgv: string[];
  /** Told what is under way. */
  readonly tell: (line: string) => void;
}

/** Measures a heat, all rounds of it, with processes that end with it. Adds to `results`. */
export async function runHeat(heat: Heat, options: HeatOptions, results: Results): Promise<void> {
  const all = [...heat.scenarios, heat.beside, heat.cpuBound, heat.coldStart].filter((one) => one !== undefined);
  if (all.length === 0) return;
  const there = new Set(all.flatMap(({ field }) => field).filter((name) => !options.absent.includes(name)));
  const gathering = new Gathering();
  try {
    const field = await gathering.gather(there, mkdtempSync(join(options.folder, 'heat-')), [
      ...options.execArgv,
      ...(heat.execArgv ?? []),
    ]);
    const run = new HeatRun(heat, field, options);
    await run.warmUp();
    for (let round = 0; round < options.rounds; round++) {
      options.tell(`${all.map(({ name }) => name).join('; ')}: round ${round + 1} of ${options.rounds}`);
      await run.round(round, results);
    }
  } finally {
    await gathering.stop();
  }
}

/** How long each scenario is measured for before it counts, in milliseconds: large values make few calls, whose code is compiled late. */
const forgottenFor = 600;

class HeatRun {
  readonly #heat: Heat;
  readonly #field: Field;
  readonly #options: HeatOptions;

  constructor(heat: Heat, field: Field, options: HeatOptions) {
    this.#heat = heat;
    this.#field = field;
    this.#options = options;
  }

  /** Everyone's code gets compiled before it counts: by much work of one kind, and by rounds that are forgotten; all as processes that have been up for a while. */
  async warmUp(): Promise<void> {
    for (const [name, { contestant, task, warmUp: duration }] of this.#field) {
      await contestant.age();
      if (name !== 'ideal') await contestant.measure({ task, callers: 256, size: 0, duration });
    }
    const forgotten = Math.ceil(forgottenFor / this.#options.duration);
    for (let round = 0; round < forgotten; round++) await this.#runScenarios(round, new Results());
    await this.#runBeside(new Results());
  }

  async round(round: number, results: Results): Promise<void> {
    await this.#runScenarios(round, results);
    await this.#runBeside(results);
    await this.#runCpuBound(round, results);
    await this.#runColdStart(results);
  }

  async #runScenarios(round: number, results: Results): Promise<void> {
    const { duration } = this.#options;
    for (const { name, callers, size, argument, field } of this.#heat.scenarios) {
      for (const who of rotated(field, round)) {
        const entry = this.#field.get(who);
        if (entry === undefined) continue;
        const job: Job = { task: argument ? 'argument' : entry.task, callers, size, duration };
        results.add(name, who, await entry.contestant.measure(job));
      }
    }
  }

  /** The caller's latency alone and beside the large result, one after the other. */
  async #runBeside(results: Results): Promise<void> {
    const { beside } = this.#heat;
    if (beside === undefined) return;
    const { contestant, task: usual } = this.#field.get('stream')!;
    const duration = Math.max(this.#options.duration, 500);
    for (const [who, task] of Object.entries({ alone: usual, beside: 'beside' }))
      results.add(beside.name, who, await contestant.measure({ task, callers: 1, size: 0, duration }));
  }

  async #runCpuBound(round: number, results: Results): Promise<void> {
    const { cpuBound } = this.#heat;
    if (cpuBound === undefined) return;
    const turns = calibrate(cpuBound.duration);
    for (const who of rotated(cpuBound.field, round)) {
      const entry = this.#field.get(who);
      if (entry)
        results.add(cpuBound.name, who, await entry.contestant.measure({ task: 'work', callers: cpuBound.jobs, size: turns, duration: 0 }));
    }
  }

  /** A call to a pool that has no runner, beside what the same app takes from its start until it listens. */
  async #runColdStart(results: Results): Promise<void> {
    const { coldStart } = this.#heat;
    if (coldStart === undefined) return;
    const { contestant } = this.#field.get('flame')!;
    results.add(coldStart.name, 'flame', await contestant.measure({ task: 'cold', callers: 1, size: 0, duration: 0 }));
    const elapsed = await ownBoot(this.#options.folder);
    results.add(coldStart.name, 'own boot', { calls: 1, elapsed, p50: elapsed, p99: elapsed, cpu: 0 });
  }
}

/** Each round begins with another contestant, so that none is always first. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const from = by % list.length;
  return [...list.slice(from), ...list.slice(0, from)];
}
