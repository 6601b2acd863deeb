/** What contestants are measured at. */
export interface Scenario {
  readonly name: string;
  readonly callers: number;
  /** Bytes of the value that travels; 0 for a trivial call. */
  readonly size: number;
  /** The value is an argument and not the result. */
  readonly argument?: true;
  /** Who takes part, by name; `flame` comes first. */
  readonly field: readonly string[];
}

const KiB = 1024;
const MiB = 1024 * KiB;

const raw = ['flame', 'batched', 'unary'];
const everyone = [...raw, 'local', 'piscina', 'nest grpc', 'bullmq'];
const large = ['flame', 'stream', 'batched', 'batched in app', 'unary'];

const ops = ['flame', 'observed', 'watched'];

const trivial: readonly Scenario[] = [
  { name: '1 caller', callers: 1, size: 0, field: everyone },
  { name: '16 callers', callers: 16, size: 0, field: everyone },
  { name: '64 callers', callers: 64, size: 0, field: everyone },
  { name: '256 callers', callers: 256, size: 0, field: everyone },
  { name: '64 callers, 1 KiB', callers: 64, size: KiB, field: raw },
];

const values: readonly Scenario[] = [
  { name: '1 caller, 64 KiB', callers: 1, size: 64 * KiB, field: large },
  { name: '16 callers, 64 KiB', callers: 16, size: 64 * KiB, field: large },
  { name: '1 caller, 1 MiB', callers: 1, size: MiB, field: large },
  { name: '16 callers, 1 MiB', callers: 16, size: MiB, field: large },
  { name: '16 callers, 64 KiB argument', callers: 16, size: 64 * KiB, argument: true, field: ['flame', 'stream'] },
  { name: '16 callers, 1 MiB argument', callers: 16, size: MiB, argument: true, field: ['flame', 'stream'] },
];

/**
 * V8 shrinks its young generation while a process has nothing to do, as it has here while others are measured, and then moves calls under way to the old
 * one: by chance, at up to a third of the time of a call. With one size for all this is not compared.
 */
const oneYoungSize = ['--min-semi-space-size=16'];

const seen: readonly Scenario[] = [{ name: '64 callers, ops', callers: 64, size: 0, field: ops }];
const traced = (share: string): readonly Scenario[] => [
  { name: `64 callers, traces of ${share}`, callers: 64, size: 0, field: [`app ${share}`, `all ${share}`] },
];

/** A caller of trivial calls while a result of 100 MiB is on its way from the same runner, over the stream. */
export const beside = { name: '1 caller beside 100 MiB', field: ['stream'] };

/** 16 jobs of 200 ms of pure JavaScript on two cores. */
export const cpuBound = { name: '16 × 200 ms of JavaScript', jobs: 16, duration: 200, field: ['flame', 'ideal', 'piscina', 'bullmq'] };

export const coldStart = { name: 'cold start', field: ['flame'] };

/**
 * What is compared with each other: measured in turn, by the same processes. Those of another heat are not there meanwhile, as what they do while nobody asks
 * them takes time and caches away.
 */
export interface Heat {
  readonly scenarios: readonly Scenario[];
  /** Node's options for its processes. */
  readonly execArgv?: readonly string[];
  /**
   * How often, with fresh processes each time, all rounds together: where two processes of the same code, each compiled by its own luck, differ by more than what is
   * measured. Once when left out, and in a quick run.
   */
  readonly sets?: number;
  readonly beside?: typeof beside;
  readonly cpuBound?: typeof cpuBound;
  readonly coldStart?: typeof coldStart;
}

export const heats: readonly Heat[] = [
  { scenarios: trivial },
  { scenarios: seen, execArgv: oneYoungSize },
  { scenarios: traced('1 %'), execArgv: oneYoungSize, sets: 5 },
  { scenarios: traced('100 %'), execArgv: oneYoungSize },
  { scenarios: values, beside },
  { scenarios: [], cpuBound, coldStart },
];

export const scenarios = heats.flatMap((heat) => heat.scenarios);
