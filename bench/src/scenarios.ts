/** What every contestant is measured at. */
export interface Scenario {
  readonly name: string;
  readonly callers: number;
  /** Bytes of a result; 0 for a trivial one. */
  readonly size: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

export const scenarios: readonly Scenario[] = [
  { name: '1 caller', callers: 1, size: 0 },
  { name: '16 callers', callers: 16, size: 0 },
  { name: '64 callers', callers: 64, size: 0 },
  { name: '256 callers', callers: 256, size: 0 },
  { name: '64 callers, 1 KiB', callers: 64, size: KiB },
  { name: '1 caller, 64 KiB', callers: 1, size: 64 * KiB },
  { name: '16 callers, 64 KiB', callers: 16, size: 64 * KiB },
  { name: '1 caller, 1 MiB', callers: 1, size: MiB },
  { name: '16 callers, 1 MiB', callers: 16, size: MiB },
];
