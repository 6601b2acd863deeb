import { parseArgs } from 'node:util';

/** What the demo was asked to do. */
export interface DemoOptions {
  /** Leave the app running at the end, until Ctrl-C. */
  readonly serve: boolean;
  /** Leave the clip, the thumbnails and the app's log on disk. */
  readonly keep: boolean;
  readonly help: boolean;
}

export const usage = `npm run demo [-- options]

  --serve   leave the app running at the end, and say how to send it a video
  --keep    leave the clip, the thumbnails and the app's log on disk
  --help    say this`;

/** @throws {TypeError} for an option that there is not. */
export function readDemoOptions(args: readonly string[]): DemoOptions {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ args: [...args], options: { serve: flag, keep: flag, help: flag } });
  return values;
}
