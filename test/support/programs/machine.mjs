// The program of machines in the backend contract suite. It needs only Node, so that it can be copied into a container. The pool's name in FLAME_PARENT
// selects its behaviour.
const info = JSON.parse(Buffer.from(process.env.FLAME_PARENT, 'base64').toString());

const behaviours = {
  polite: () => process.on('SIGTERM', () => process.exit(0)),
  stubborn: () => process.on('SIGTERM', () => console.log('I stay')),
  exits: () => process.exit(7),
  dies: () => process.kill(process.pid, 'SIGKILL'),
  prints() {
    process.stdout.write('one\ntwo\r\n\nthrée');
    process.stderr.write('a complaint\n');
    process.exitCode = 0;
  },
  tells() {
    console.log(JSON.stringify({ info, env: process.env, argv: process.argv.slice(1), execArgv: process.execArgv, cwd: process.cwd() }));
  },
  /** Starts a child in its own process group, and runs until it is killed. */
  async breeds() {
    const { spawn } = await import('node:child_process');
    console.log(spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore', detached: true }).pid);
    setTimeout(() => process.exit(99), 60_000);
  },
  /** Leaves a process behind that keeps the pipe open. */
  async detaches() {
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'inherit', detached: true });
    console.log(child.pid);
    process.stdout.write('unfinished', () => process.exit(0));
  },
  /** Allocates outside of V8's heap, whose own limit would end the process first. */
  fillsItsMemory() {
    const kept = [];
    for (;;) kept.push(Buffer.alloc(1 << 20, 1));
  },
  fillsItsHeap() {
    const kept = [];
    for (;;) kept.push(new Array(10_000).fill(kept.length));
  },
};

behaviours[info.pool]();
if (info.pool === 'polite' || info.pool === 'stubborn') {
  // Ends even if the test never kills it.
  setTimeout(() => process.exit(99), 60_000);
  console.log('ready');
}
