import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseDisplay } from './choose-display.js';
import { readDemoOptions, usage } from './demo-options.js';
import type { DemoOptions } from './demo-options.js';
import { Show } from './show.js';

/** The demo as a program. It ends with 0 when all was as it should be, 1 when not, 130 when it was told to end. */
async function main(options: DemoOptions): Promise<number> {
  const stopped = new AbortController();
  // Stopping takes its time; whoever presses Ctrl-C twice, or npm, which passes it on, changes nothing.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stopped.abort(new Error(`ended by ${name}`)));
  const { signal } = stopped;
  const keep = options.keep || options.serve;
  const folder = await mkdtemp(join(tmpdir(), 'flame-demo-'));
  using display = chooseDisplay();
  display.print('', 'nestjs-flame: eight videos, a pool that grows from zero, and back', '');
  const show = new Show({ display, folder, serve: options.serve, signal });
  try {
    await show.run();
    return 0;
  } catch (error) {
    if (signal.aborted) {
      display.print('', (signal.reason as Error).message);
      return options.serve ? 0 : 130;
    }
    display.print('', `The demo failed: ${(error as Error).message}`);
    if (show.lastLines.length > 0) display.print('', 'The last lines of the app:', ...show.lastLines.map((line) => `  ${line}`));
    return 1;
  } finally {
    if (keep) display.print(`The clip, the thumbnails and the app's log are in ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

try {
  const options = readDemoOptions(process.argv.slice(2));
  if (options.help) console.log(usage);
  else process.exitCode = await main(options);
} catch (error) {
  console.error(`${(error as Error).message}\n\n${usage}`);
  process.exitCode = 1;
}
