/** The work for a contestant: `callers` concurrent callers, each of which calls again as soon as it has its answer. */
export interface Job {
  /** One of the contestant's tasks. */
  readonly task: string;
  readonly callers: number;
  /** Bytes of each result; 0 for a trivial one. */
  readonly size: number;
  /** Milliseconds after which no caller calls again; 0 for a single call each. */
  readonly duration: number;
}

/** The measurement of a job. Times are in milliseconds. */
export interface Measured {
  readonly calls: number;
  readonly elapsed: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the calling and of the answering process. On a shared machine it is less noisy than elapsed time. */
  readonly cpu: number;
}

/** Makes one call for a result of `size` bytes; rejects when the answer is wrong. */
export type Call = (size: number) => Promise<void>;

/** Runs a job. `answeringCpu` returns the CPU time of the answering process. */
export async function closedLoop(call: Call, answeringCpu: () => Promise<number>, { callers, size, duration }: Job): Promise<Measured> {
  const times: number[] = [];
  const cpuBefore = cpuTime() + (await answeringCpu());
  const begun = performance.now();
  const end = begun + duration;
  const caller = async (): Promise<void> => {
    for (let before = begun; ;) {
      await call(size);
      const now = performance.now();
      times.push(now - before);
      if (now >= end) return;
      before = now;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const elapsed = performance.now() - begun;
  const cpu = cpuTime() + (await answeringCpu()) - cpuBefore;
  times.sort((a, b) => a - b);
  return { calls: times.length, elapsed, p50: quantile(times, 0.5), p99: quantile(times, 0.99), cpu };
}

/** CPU time of this process so far, in milliseconds. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The quantile of sorted numbers at `share`. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!;
}
