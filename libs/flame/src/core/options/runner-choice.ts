/** Which of the runners with room a call goes to. */
export type RunnerChoice = 'spread' | 'pack' | ((runners: readonly RunnerLoad[]) => string | undefined);

/** A runner that could take a call. */
export interface RunnerLoad {
  readonly id: string;
  /** Slots in use. */
  readonly load: number;
  readonly maxConcurrency: number;
  /** Age in milliseconds since it attached. */
  readonly age: number;
}
