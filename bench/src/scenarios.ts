import { otherPrefix } from './contestants.js';

/** A scenario of the bench. */
export interface Scenario {
  readonly name: string;
  readonly callers: number;
  /** Size of the value, in bytes; 0 for a trivial call. */
  readonly size: number;
  /** True if the value is the argument instead of the result. */
  readonly argument?: true;
  /** Names of the contestants; `flame` comes first. */
  readonly contestants: readonly string[];
}

const KiB = 1024;
const MiB = 1024 * KiB;

const raw = ['flame', 'batched', 'unary'];
const everyone = [...raw, 'local', 'piscina', 'nest grpc', 'bullmq'];
const large = ['flame', 'stream', 'batched', 'batched in app', 'unary'];

const ops = ['flame', 'observed', 'watched'];

const trivial: readonly Scenario[] = [
  { name: '1 caller', callers: 1, size: 0, contestants: everyone },
  { name: '16 callers', callers: 16, size: 0, contestants: everyone },
  { name: '64 callers', callers: 64, size: 0, contestants: everyone },
  { name: '256 callers', callers: 256, size: 0, contestants: everyone },
  { name: '64 callers, 1 KiB', callers: 64, size: KiB, contestants: raw },
];

const values: readonly Scenario[] = [
  { name: '1 caller, 64 KiB', callers: 1, size: 64 * KiB, contestants: large },
  { name: '16 callers, 64 KiB', callers: 16, size: 64 * KiB, contestants: large },
  { name: '1 caller, 1 MiB', callers: 1, size: MiB, contestants: large },
  { name: '16 callers, 1 MiB', callers: 16, size: MiB, contestants: large },
  { name: '16 callers, 64 KiB argument', callers: 16, size: 64 * KiB, argument: true, contestants: ['flame', 'stream'] },
  { name: '16 callers, 1 MiB argument', callers: 16, size: MiB, argument: true, contestants: ['flame', 'stream'] },
];

/**
 * While a process is idle, as here during the measurements of other contestants, V8 shrinks its young generation. Running calls are then promoted to the old
 * generation, by chance, which costs up to a third of a call's time. With a fixed size this effect does not distort the comparison.
 */
const oneYoungSize = ['--min-semi-space-size=16'];

const seen: readonly Scenario[] = [{ name: '64 callers, ops', callers: 64, size: 0, contestants: ops }];
const inline = [1, 64].map((callers): Scenario => ({
  name: `${callers} caller${callers > 1 ? 's' : ''}, inline`,
  callers,
  size: 0,
  contestants: ['flame', 'inline'],
}));
const map: Scenario = { name: '64 callers, map', callers: 64, size: 0, contestants: ['inline', 'map'] };
const traced = (share: string): readonly Scenario[] => [
  { name: `64 callers, traces of ${share}`, callers: 64, size: 0, contestants: [`app ${share}`, `all ${share}`] },
];

/** Trivial calls during the transfer of a result of 100 MiB from the same runner, over the stream. */
export const beside = { name: '1 caller beside 100 MiB', contestants: ['stream'] };

/** 16 jobs of 200 ms of pure JavaScript on two cores. */
export const cpuBound = {
  name: '16 × 200 ms of JavaScript',
  jobs: 16,
  duration: 200,
  contestants: ['flame', 'ideal', 'piscina', 'bullmq'],
};

export const coldStart = { name: 'cold start', contestants: ['flame'] };

/**
 * Scenarios that are compared with each other, measured in turn by the same processes. Processes of other groups do not run at the same time, because even an
 * idle process costs CPU time and cache.
 */
export interface Group {
  /** The title of its table. */
  readonly topic: string;
  readonly scenarios: readonly Scenario[];
  /** Node's options for its processes. */
  readonly execArgv?: readonly string[];
  /**
   * Number of sets of new processes among which the rounds are divided. V8 compiles the same code differently in two processes, so small differences need
   * several sets. One by default, and in a quick run.
   */
  readonly sets?: number;
  readonly beside?: typeof beside;
  readonly cpuBound?: typeof cpuBound;
  readonly coldStart?: typeof coldStart;
}

export const groups: readonly Group[] = [
  { topic: 'Calls', scenarios: trivial },
  { topic: 'Inline functions', scenarios: [...inline, map], execArgv: oneYoungSize, sets: 5 },
  { topic: 'Health checks, metrics and the dashboard', scenarios: seen, execArgv: oneYoungSize },
  { topic: 'Traces of 1 %', scenarios: traced('1 %'), execArgv: oneYoungSize, sets: 5 },
  { topic: 'Traces of 100 %', scenarios: traced('100 %'), execArgv: oneYoungSize },
  { topic: 'Large values', scenarios: values, beside },
  { topic: 'Jobs and cold starts', scenarios: [], cpuBound, coldStart },
];

/** The same groups with only our contestants, each beside the same contestant of another checkout. */
export function againstOther(group: Group): Group {
  const scenarios = group.scenarios.map((scenario) => {
    const ours = scenario.contestants.filter((name) => name === 'flame' || name === 'stream');
    return { ...scenario, contestants: ours.flatMap((name) => [name, otherPrefix + name]) };
  });
  return { topic: group.topic, scenarios: scenarios.filter(({ contestants }) => contestants.length > 0), execArgv: group.execArgv };
}

export const scenarios = groups.flatMap((group) => group.scenarios);
