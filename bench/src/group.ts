import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { calibrate } from './burn.js';
import type { Job } from './closed-loop.js';
import { Contestants, ownBoot } from './contestants.js';
import type { ContestantsByName } from './contestants.js';
import { Results } from './results.js';
import type { Group } from './scenarios.js';

export interface GroupOptions {
  readonly rounds: number;
  /** Duration of a measurement, in milliseconds. */
  readonly duration: number;
  /** Contestants that are not measured. */
  readonly absent: readonly string[];
  /** The folder of another checkout, for contestants whose name begins with "other". */
  readonly against: string | undefined;
  /** The parent folder of each group's folder, which contains the sockets of the raw servers. */
  readonly folder: string;
  /** Node's options for each process. */
  readonly execArgv: string[];
  /** Gets a line for each round. */
  readonly log: (line: string) => void;
}

/** Measures all rounds of a group, with processes of its own, and adds the measurements to `results`. */
export async function runGroup(group: Group, options: GroupOptions, results: Results): Promise<void> {
  const all = [...group.scenarios, group.beside, group.cpuBound, group.coldStart].filter((one) => one !== undefined);
  if (all.length === 0) return;
  const names = new Set(all.flatMap(({ contestants }) => contestants).filter((name) => !options.absent.includes(name)));
  const processes = new Contestants();
  try {
    const contestants = await processes.start(names, {
      folder: mkdtempSync(join(options.folder, 'group-')),
      execArgv: [...options.execArgv, ...(group.execArgv ?? [])],
      against: options.against,
    });
    const run = new GroupRun(group, contestants, options);
    await run.warmUp();
    for (let round = 0; round < options.rounds; round++) {
      options.log(`${all.map(({ name }) => name).join('; ')}: round ${round + 1} of ${options.rounds}`);
      await run.round(round, results);
    }
  } finally {
    await processes.stop();
  }
}

/** Duration of each scenario's warm-up, in milliseconds. Scenarios with large values make few calls, so their code is compiled late. */
const warmUpTime = 600;

class GroupRun {
  readonly #group: Group;
  readonly #contestants: ContestantsByName;
  readonly #options: GroupOptions;

  constructor(group: Group, contestants: ContestantsByName, options: GroupOptions) {
    this.#group = group;
    this.#contestants = contestants;
    this.#options = options;
  }

  /**
   * Makes V8 compile all code before the measurement: by many trivial calls, and by rounds whose results are discarded. First all processes collect their heap.
   */
  async warmUp(): Promise<void> {
    for (const [name, { contestant, task, warmUp: duration, callers = 256 }] of this.#contestants) {
      await contestant.age();
      if (name !== 'ideal') await contestant.measure({ task, callers, size: 0, duration });
    }
    const warmUpRounds = Math.ceil(warmUpTime / this.#options.duration);
    for (let round = 0; round < warmUpRounds; round++) await this.#runScenarios(round, new Results());
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
    for (const { name, callers, size, argument, contestants } of this.#group.scenarios) {
      for (const contestant of rotated(contestants, round)) {
        const entry = this.#contestants.get(contestant);
        if (entry === undefined) continue;
        const job: Job = { task: argument ? 'argument' : entry.task, callers: entry.callers ?? callers, size, duration };
        results.add(name, contestant, await entry.contestant.measure(job));
      }
    }
  }

  /** Measures a caller's latency, first alone and then during the transfer of a large result. */
  async #runBeside(results: Results): Promise<void> {
    const { beside } = this.#group;
    if (beside === undefined) return;
    const { contestant, task: usual } = this.#contestants.get('stream')!;
    const duration = Math.max(this.#options.duration, 500);
    for (const [column, task] of Object.entries({ alone: usual, beside: 'beside' }))
      results.add(beside.name, column, await contestant.measure({ task, callers: 1, size: 0, duration }));
  }

  async #runCpuBound(round: number, results: Results): Promise<void> {
    const { cpuBound } = this.#group;
    if (cpuBound === undefined) return;
    const turns = calibrate(cpuBound.duration);
    for (const contestant of rotated(cpuBound.contestants, round)) {
      const entry = this.#contestants.get(contestant);
      if (entry)
        results.add(
          cpuBound.name,
          contestant,
          await entry.contestant.measure({ task: 'work', callers: cpuBound.jobs, size: turns, duration: 0 }),
        );
    }
  }

  /** Measures a call to a pool without a runner, and the boot of the same app for comparison. */
  async #runColdStart(results: Results): Promise<void> {
    const { coldStart } = this.#group;
    if (coldStart === undefined) return;
    const { contestant } = this.#contestants.get('flame')!;
    results.add(coldStart.name, 'flame', await contestant.measure({ task: 'cold', callers: 1, size: 0, duration: 0 }));
    const elapsed = await ownBoot(this.#options.folder);
    results.add(coldStart.name, 'own boot', { calls: 1, elapsed, p50: elapsed, p99: elapsed, cpu: 0 });
  }
}

/** Rotates the order, so that each round begins with another contestant. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const from = by % list.length;
  return [...list.slice(from), ...list.slice(0, from)];
}
