/** A time in milliseconds, for people. */
export function seconds(time: number): string {
  return `${(time / 1_000).toFixed(1)} s`;
}
