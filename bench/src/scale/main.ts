import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

// Measures how costs grow with runners, sessions and calls, each in its own process: `npm run bench:scale`. Exits with 1 if a limit is broken.

async function report<T>(file: string): Promise<T> {
  const child = fork(join(import.meta.dirname, file), { execArgv: ['--expose-gc'] });
  const late = setTimeout(() => child.kill('SIGKILL'), 300_000);
  try {
    const exited = once(child, 'exit').then(([code, signal]) => Promise.reject(new Error(`${file} ended early (${signal ?? code})`)));
    const [message] = (await Promise.race([once(child, 'message'), exited])) as [T];
    exited.catch(() => {});
    if (child.exitCode === null) await once(child, 'exit');
    return message;
  } finally {
    clearTimeout(late);
    child.kill('SIGKILL');
  }
}

const KiB = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
let broken = 0;
function line(what: string, found: string, limit: string, kept: boolean, bearable = kept): void {
  console.log(`${kept ? 'ok     ' : bearable ? 'ABOVE  ' : 'BROKEN '} ${what}: ${found} (limit ${limit})`);
  if (!bearable) broken++;
}

const rounds = await report<{ ten: number; thousand: number }[]>('runners.js');
const ratios = rounds.map(({ ten, thousand }) => thousand / ten).sort((a, b) => a - b);
const middle = ratios[Math.floor(ratios.length / 2)]!;
const costs = rounds.map(({ ten, thousand }) => `${ten.toFixed(1)}/${thousand.toFixed(1)}`).join(', ');
line(
  'a call with 100,000 at once on 1,000 runners beside 10',
  `${middle.toFixed(2)} × the CPU time in the median (${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)}); ${costs} µs`,
  '1.5 ×',
  middle <= 1.5,
  // As with the other ratios, up to a third may be due to the machine, whose caches are shared.
  middle <= 1.5 * 1.5,
);

const session = await report<{ rss: number; used: number }>('sessions.js');
line(
  'an idle session, 1,000 of them',
  `${KiB(session.rss)} of the parent's memory, ${KiB(session.used)} of it objects and buffers`,
  '150 KiB',
  session.rss < 150 * 1024,
);

const calls = await report<{ took: number; parent: number; runner: number }>('calls.js');
line(
  'one million calls through one runner',
  `heap of the parent ${KiB(calls.parent)}, of the runner ${KiB(calls.runner)} larger; ${Math.round(1e9 / calls.took).toLocaleString('en')} calls/s`,
  '1 MiB',
  Math.max(calls.parent, calls.runner) < 1024 * 1024,
);
process.exitCode = broken === 0 ? 0 : 1;
