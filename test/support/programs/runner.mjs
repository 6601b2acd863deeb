// A runner of parent.mjs, with what a runner's host does about its parent's end, and one way to spend its time.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { watchLifeline } from '../../../libs/flame/dist/runner/host/lifeline.js';
import { Watchdog } from '../../../libs/flame/dist/runner/watchdog/watchdog.js';

const info = JSON.parse(Buffer.from(process.env.FLAME_PARENT, 'base64').toString());
const log = { warn: (text) => console.error(text) };
// Whatever becomes of the test: not for ever.
setTimeout(() => process.exit(99), 60_000);

const doings = {
  /** Leaves when its parent is gone. */
  waits: () => watchLifeline(info.lifeline, () => process.exit(0)),
  /** Cannot notice anything. */
  blocks() {
    watchLifeline(info.lifeline, () => process.exit(0));
    const watchdog = new Watchdog({ ...info, log });
    watchdog.busy(true);
    // Only once the thread looks on, as it does by the time at which a runner gets its first call.
    setTimeout(() => {
      console.log('blocks now');
      for (;;);
    }, 1_000);
  },
  /** Has unlinked work to finish, and prints while it does. */
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
  /** Looks after nothing. */
  forgets() {},
  /** Runs a program that would go on. */
  spawns() {
    watchLifeline(info.lifeline, () => process.exit(0));
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'inherit' });
    console.log(`spawned ${child.pid}`);
  },
};

doings[info.pool]();
console.log('is up');
