/** The pause after the first failed boot, in milliseconds. It doubles with each further failure. */
export const firstPause = 1_000;
/** The longest pause between failed boots, in milliseconds. */
export const longestPause = 30_000;

/**
 * The pause after the `failures`-th failed boot in a row, in milliseconds. It starts at 1 s and doubles up to 30 s. A random part of up to
 * a quarter is subtracted, so that pools that fail together do not retry together.
 */
export function pauseAfter(failures: number, random: () => number): number {
  const pause = Math.min(longestPause, firstPause * 2 ** (failures - 1));
  return pause * (1 - random() / 4);
}
