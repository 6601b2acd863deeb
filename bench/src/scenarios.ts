import { otherPrefix } from './contestants.js';

/** What contestants are measured at. */
export interface Scenario {
  readonly name: string;
  readonly callers: number;
  /** Bytes of the value that travels; 0 for a trivial call. */
  readonly size: number;
  /** The value is an argument and not the result. */
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
 * V8 shrinks its young generation while a process has nothing to do, as it has here while others are measured, and then moves calls under way to the old
 * one: by chance, at up to a third of the time of a call. With one size for all this is not compared.
 */
const oneYoungSize = ['--min-semi-space-size=16'];

const seen: readonly Scenario[] = [{ name: '64 callers, ops', callers: 64, size: 0, contestants: ops }];
const traced = (share: string): readonly Scenario[] => [
  { name: `64 callers, traces of ${share}`, callers: 64, size: 0, contestants: [`app ${share}`, `all ${share}`] },
];

/** A caller of trivial calls while a result of 100 MiB is on its way from the same runner, over the stream. */
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
 * Scenarios that are compared with each other: measured in turn, by the same processes. Processes of other groups are not running meanwhile, because even an
 * idle process takes time and caches away.
 */
export interface Group {
  /** The title of its table. */
  readonly topic: string;
  readonly scenarios: readonly Scenario[];
  /** Node's options for its processes. */
  readonly execArgv?: readonly string[];
  /**
   * How many sets of new processes share the rounds: for differences smaller than that of two processes of the same code, which V8 compiles differently. Once
   * when left out, and in a quick run.
   */
  readonly sets?: number;
  readonly beside?: typeof beside;
  readonly cpuBound?: typeof cpuBound;
  readonly coldStart?: typeof coldStart;
}

export const groups: readonly Group[] = [
  { topic: 'Calls', scenarios: trivial },
  { topic: 'Health checks, metrics and the dashboard', scenarios: seen, execArgv: oneYoungSize },
  { topic: 'Traces of 1 %', scenarios: traced('1 %'), execArgv: oneYoungSize, sets: 5 },
  { topic: 'Traces of 100 %', scenarios: traced('100 %'), execArgv: oneYoungSize },
  { topic: 'Large values', scenarios: values, beside },
  { topic: 'Jobs and cold starts', scenarios: [], cpuBound, coldStart },
];

/** The same groups with each of our contestants beside the same one of another checkout, and nothing else. */
export function againstOther(group: Group): Group {
  const scenarios = group.scenarios.map((scenario) => {
    const ours = scenario.contestants.filter((name) => name === 'flame' || name === 'stream');
    return { ...scenario, contestants: ours.flatMap((name) => [name, otherPrefix + name]) };
  });
  return { topic: group.topic, scenarios: scenarios.filter(({ contestants }) => contestants.length > 0), execArgv: group.execArgv };
}

export const scenarios = groups.flatMap((group) => group.scenarios);
