import { join } from 'node:path';
import { Contestant } from './contestant.js';

/** A contestant's program and task. */
interface Entry {
  readonly file: string;
  /** The pool that the bench's app keeps warm. */
  readonly pool?: string;
  /** The task that scenarios run, unless they send an argument. */
  readonly task: string;
  /** Duration of the warm-up, in milliseconds. @default 1_500 */
  readonly warmUp?: number;
  /** The number of callers, whatever a scenario says. @default that of the scenario */
  readonly callers?: number;
}

const app = 'app/main.js';
/** OpenTelemetry's SDK is compiled later than other code: first for recorded calls, and then again for calls that are not recorded. */
const tracedWarmUp = 6_000;

const entries: Readonly<Record<string, Entry>> = {
  flame: { file: app, pool: 'process', task: 'process' },
  /** nestjs-flame without shared memory, as between hosts. */
  stream: { file: app, pool: 'stream', task: 'process' },
  /** nestjs-flame with health checks, metrics that are scraped every second, and the dashboard without an open page. */
  observed: { file: app, pool: 'observed', task: 'process' },
  /** The same with an open page of the dashboard. */
  watched: { file: app, pool: 'watched', task: 'process' },
  /**
   * nestjs-flame in an app with OpenTelemetry's SDK, which has a span around each call and one in its handler, and records this share. Our own tracing is off.
   */
  'app 1 %': { file: app, pool: 'app 1 %', task: 'process', warmUp: tracedWarmUp },
  'app 100 %': { file: app, pool: 'app 100 %', task: 'process', warmUp: tracedWarmUp },
  /** The same with our tracing, and everything that `watched` has. */
  'all 1 %': { file: app, pool: 'all 1 %', task: 'process', warmUp: tracedWarmUp },
  'all 100 %': { file: app, pool: 'all 100 %', task: 'process', warmUp: tracedWarmUp },
  /** An inline function in place of a decorated method. */
  inline: { file: app, pool: 'inline', task: 'inline' },
  /** The same inline function for each item of a map, 64 at a time. Its only caller is the loop that reads the results. */
  map: { file: app, pool: 'map', task: 'map', callers: 1 },
  local: { file: app, pool: 'local', task: 'local' },
  batched: { file: 'raw-batched.js', task: 'echo' },
  /** The raw stream between two processes with the bench's app. The cost of a value beyond this is ours, and not the app's. */
  'batched in app': { file: 'raw-batched.js', pool: 'idle', task: 'echo' },
  unary: { file: 'raw-unary.js', task: 'echo' },
  piscina: { file: 'peer-piscina.js', task: 'echo' },
  'nest grpc': { file: 'peer-nest.js', task: 'echo' },
  bullmq: { file: 'peer-bullmq.js', task: 'echo' },
  ideal: { file: 'ideal.js', task: 'work' },
};

interface Started {
  readonly contestant: Contestant;
  readonly task: string;
  readonly warmUp: number;
  readonly callers: number | undefined;
}

export type ContestantsByName = ReadonlyMap<string, Started>;

/** The prefix of the names of another checkout's contestants. */
export const otherPrefix = 'other ';
const other = new RegExp(`^${otherPrefix}`);

export interface StartOptions {
  /** The folder for the sockets of the raw servers. */
  readonly folder: string;
  /** Node's options for each process. */
  readonly execArgv: string[];
  /** The folder of the other checkout. */
  readonly against: string | undefined;
}

/** Starts contestants, each in its own process. They end with `stop` or with the bench. */
export class Contestants {
  readonly #started: Contestant[] = [];

  async start(names: Iterable<string>, { folder, execArgv, against }: StartOptions): Promise<ContestantsByName> {
    const started = new Map<string, Started>();
    for (const name of names) {
      const { file, pool = '', task, warmUp = 1_500, callers } = entries[name.replace(other, '')]!;
      const program = against !== undefined && other.test(name) ? join(against, 'bench/dist', file) : file;
      const contestant = await Contestant.start(program, [folder, pool], execArgv);
      this.#started.push(contestant);
      started.set(name, { contestant, task, warmUp, callers });
    }
    return started;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.map((contestant) => contestant.stop()));
  }
}

/** Measures the time from the start of the bench's app until it listens, in milliseconds. */
export async function ownBoot(folder: string): Promise<number> {
  const begun = performance.now();
  const boot = await Contestant.start(app, [folder]);
  const elapsed = performance.now() - begun;
  await boot.stop();
  return elapsed;
}
