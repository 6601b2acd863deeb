// A parent with one runner, as ProcessBackend makes it: node parent.mjs <what the runner does> <socket on which it answers> [kills: the runner, when it has spawned]
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { ProcessBackend } from '../../../libs/flame/dist/backends/process/process-backend.js';

const [pool, path, kills] = process.argv.slice(2);
const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(path, () => process.on('exit', () => server.close()));

const backend = new ProcessBackend({ entry: new URL('runner.mjs', import.meta.url) });
await backend.prepare({ log: { warn: (text) => console.log(text) } });
let spawned;
const machine = await backend.boot({
  pool,
  runner: 'runner-1',
  parent: 'parent-1',
  bootTimeout: 10_000,
  shutdownTimeout: 1_000,
  signal: new AbortController().signal,
  flameParent: async ({ more }) =>
    Buffer.from(JSON.stringify({ pool, runner: 'runner-1', address: `unix:${path}`, reconnectTimeout: 1_000, ...more })).toString('base64'),
  output: (line) => {
    console.log(line);
    spawned ??= /^spawned (\d+)/.exec(line)?.[1];
    if (kills && spawned) process.kill(Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${spawned}/status`, 'utf8'))[1]), 'SIGKILL');
  },
});
console.log(`${machine.id} runs`);
void machine.exited.then((exit) => {
  console.log(exit.text);
  if (kills) sayWhatIsLeft();
});

/** The state, in the process table, of the processes that the runner had spawned, after no machine is left. */
async function sayWhatIsLeft() {
  while ((await backend.machines()).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  console.log(`no machine is left, ${/^State:.*/m.exec(readFileSync(`/proc/${spawned}/status`, 'utf8'))[0]}`);
}

// Ends even if the test never kills it.
setTimeout(() => process.exit(99), 60_000).unref();
process.on('SIGUSR2', () => process.exit(0));
