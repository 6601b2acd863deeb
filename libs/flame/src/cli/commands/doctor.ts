import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { splitLines } from '../../backends/launch/line-splitter.js';
import type { DoctorMessage, DoctorRequest } from '../../nest/runner/doctor-request.js';
import { RecentLines } from '../../pool/observe/recent-lines.js';
import { findEntry } from '../app-entry.js';
import { JsonReport, TextReport } from '../doctor-report.js';
import type { DoctorReport } from '../doctor-report.js';
import { checkInlineFunctions } from '../inline-check.js';

export interface DoctorOptions {
  readonly pool?: readonly string[];
  readonly boot: boolean;
  readonly json?: boolean;
  /** Time for the app to start its examination, in milliseconds. */
  readonly startLimit: number;
}

/**
 * Starts the app as in production, with `FLAME_DOCTOR` in its environment. FlameModule then examines its pools instead of serving, and
 * sends its findings over an IPC channel. So doctor uses the same options as the app, whatever their source.
 *
 * Resolves to the exit code: 0 if all checks are ok, 1 if a check failed, 2 if the app could not be examined.
 */
export async function doctor(entry: string | undefined, args: readonly string[], options: DoctorOptions): Promise<number> {
  const report = options.json ? new JsonReport() : new TextReport(process.stdout.isTTY && !process.env['NO_COLOR']);
  let file: string;
  try {
    file = findEntry(entry);
  } catch (error) {
    report.failed((error as Error).message);
    return 2;
  }
  report.began(file);
  const request: DoctorRequest = { pools: options.pool, boot: options.boot };
  const app = spawn(process.execPath, [...process.execArgv, file, ...args], {
    env: { ...process.env, FLAME_DOCTOR: JSON.stringify(request) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const problem = await follow(app, file, report, options);
  if (problem === undefined) return report.ended();
  report.failed(problem);
  return 2;
}

/**
 * Passes the app's messages to the report. Resolves when the app has ended, to the problem of the examination itself; undefined if there is
 * none.
 */
async function follow(
  app: ChildProcess,
  entry: string,
  report: DoctorReport,
  { pool: wanted = [], startLimit }: DoctorOptions,
): Promise<string | undefined> {
  const lines = new RecentLines(30);
  for (const stream of [app.stdout!, app.stderr!]) splitLines(stream, (line) => lines.add(line));
  // In a terminal Ctrl-C reaches the app as well. The app cleans up, and doctor waits for it.
  const passOn = (signal: NodeJS.Signals): void => void app.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, passOn);
  let began = false;
  let over = false;
  let problem: string | undefined;
  const late = setTimeout(() => {
    problem = `the app ran for ${startLimit} ms, but no FlameModule started its examination. Check that this is the right file, and that its root module imports FlameModule`;
    app.kill('SIGKILL');
  }, startLimit);
  app.on('message', (message: DoctorMessage) => {
    if (message.flame !== 'doctor') return;
    if (message.type === 'app') {
      clearTimeout(late);
      began = true;
      const unknown = wanted.filter((name) => !message.pools.includes(name));
      if (unknown.length > 0) problem = `the app has no pool ${unknown.join(', ')}. Its pools are ${message.pools.join(', ')}`;
    }
    over ||= message.type === 'over';
    report.take(message);
    if (message.type === 'app') report.check(checkInlineFunctions(entry, message.registered));
  });
  const [code, signal] = (await once(app, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(late);
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, passOn);
  if (over || (problem !== undefined && began)) return problem;
  const how = signal ? `was killed by ${signal}` : `ended with exit code ${code}`;
  const what = began
    ? `the app ${how} during its examination`
    : (problem ?? `the app ${how} before FlameModule could start the examination`);
  return [what, ...lines.lines.map((line) => `  | ${line}`)].join('\n');
}
