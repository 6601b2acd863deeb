/** The pause after the first failed boot; it doubles with each further one. */
export const firstPause = 1_000;
/** The longest pause between failed boots. */
export const longestPause = 30_000;

/**
 * The pause after the `failures`-th failed boot in a row, in milliseconds: 1 s doubling to 30 s, less up to a quarter of it
 * at random, so that pools that failed together do not try again together.
 */
export function pauseAfter(failures: number, random: () => number): number {
  const pause = Math.min(longestPause, firstPause * 2 ** (failures - 1));
  return pause * (1 - random() / 4);
}
