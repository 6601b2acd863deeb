// A runner of parent.mjs: it reacts to its parent's end as a runner host does, and has one of several behaviours.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { watchLifeline } from '../../../libs/flame/dist/runner/host/lifeline.js';
import { Watchdog } from '../../../libs/flame/dist/runner/watchdog/watchdog.js';

const info = JSON.parse(Buffer.from(process.env.FLAME_PARENT, 'base64').toString());
const log = { warn: (text) => console.error(text) };
// Ends even if the test never kills it.
setTimeout(() => process.exit(99), 60_000);

const doings = {
  /** Ends when its parent is gone. */
  waits: () => watchLifeline(info.lifeline, () => process.exit(0)),
  /** Blocks its event loop, so that it notices nothing. */
  blocks() {
    watchLifeline(info.lifeline, () => process.exit(0));
    const watchdog = new Watchdog({ ...info, log });
    watchdog.busy(true);
    // Blocks only after the watchdog's thread has started, as it has before a runner's first call.
    setTimeout(() => {
      console.log('blocks now');
      for (;;);
    }, 1_000);
  },
  /** Finishes unlinked work after its parent's end, and prints during that time. */
  printsOn: () =>
    watchLifeline(info.lifeline, () => {
      let left = 50;
      setInterval(() => {
        process.stdout.write(`${'x'.repeat(1_000)}\n`);
        process.stderr.write('x\n');
        if (--left > 0) return;
        writeFileSync(`${info.address.slice('unix:'.length)}.done`, '');
        process.exit(0);
      }, 2);
    }),
  /** Does not react to its parent's end. */
  forgets() {},
  /** Runs a program that would outlive it. */
  spawns() {
    watchLifeline(info.lifeline, () => process.exit(0));
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'inherit' });
    console.log(`spawned ${child.pid}`);
  },
};

doings[info.pool]();
console.log('is up');
