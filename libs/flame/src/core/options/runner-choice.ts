/** Chooses the runner for a call among the runners with a free slot. */
export type RunnerChoice = 'spread' | 'pack' | ((runners: readonly RunnerLoad[]) => string | undefined);

/** A runner that could take a call. */
export interface RunnerLoad {
  readonly id: string;
  /** Slots in use. */
  readonly load: number;
  readonly maxConcurrency: number;
  /** Milliseconds since it attached. */
  readonly age: number;
}
