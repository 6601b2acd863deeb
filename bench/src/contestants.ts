import { join } from 'node:path';
import { Contestant } from './contestant.js';

/** A contestant's program, and the tasks that it is asked for. */
interface Entry {
  readonly file: string;
  /** What the bench's own app is told to keep warm. */
  readonly pool?: string;
  /** The task that a scenario means, by what travels: nothing, a result, an argument. */
  readonly task: string;
  /** Milliseconds for which it works before anything counts; 1,500 when left out. */
  readonly warmUp?: number;
}

const app = 'app/main.js';
/** OpenTelemetry's SDK is compiled later than the rest: what is done for a recorded call, and then again for one that is not. */
const tracedWarmUp = 6_000;

const entries: Readonly<Record<string, Entry>> = {
  flame: { file: app, pool: 'process', task: 'process' },
  /** Ours without shared memory, as on other hosts. */
  stream: { file: app, pool: 'stream', task: 'process' },
  /** Ours with health checks, metrics, Prometheus that scrapes each second, and the dashboard without a reader. */
  observed: { file: app, pool: 'observed', task: 'process' },
  /** The same with a reader of the dashboard. */
  watched: { file: app, pool: 'watched', task: 'process' },
  /** Ours in an app with OpenTelemetry's SDK, a span around each call and one in its handler, of which this share is recorded; all of ours is off. */
  'app 1 %': { file: app, pool: 'app 1 %', task: 'process', warmUp: tracedWarmUp },
  'app 100 %': { file: app, pool: 'app 100 %', task: 'process', warmUp: tracedWarmUp },
  /** The same with all of it on: what `watched` has, and traces. */
  'all 1 %': { file: app, pool: 'all 1 %', task: 'process', warmUp: tracedWarmUp },
  'all 100 %': { file: app, pool: 'all 100 %', task: 'process', warmUp: tracedWarmUp },
  local: { file: app, pool: 'local', task: 'local' },
  batched: { file: 'raw-batched.js', task: 'echo' },
  /** The raw stream between two processes in which the bench's own app is up: what a value costs beyond it is ours, and not the app's. */
  'batched in app': { file: 'raw-batched.js', pool: 'idle', task: 'echo' },
  unary: { file: 'raw-unary.js', task: 'echo' },
  piscina: { file: 'peer-piscina.js', task: 'echo' },
  'nest grpc': { file: 'peer-nest.js', task: 'echo' },
  bullmq: { file: 'peer-bullmq.js', task: 'echo' },
  ideal: { file: 'ideal.js', task: 'work' },
};

export type ContestantsByName = ReadonlyMap<string, { readonly contestant: Contestant; readonly task: string; readonly warmUp: number }>;

/** A contestant of another checkout has the name of ours behind this. */
export const otherPrefix = 'other ';
const other = new RegExp(`^${otherPrefix}`);

export interface StartOptions {
  /** For the sockets of the raw servers. */
  readonly folder: string;
  /** Node's options for each process. */
  readonly execArgv: string[];
  /** The folder of the other checkout. */
  readonly against: string | undefined;
}

/** Starts contestants, each in a process of its own. All end with `stop`, or with the bench. */
export class Contestants {
  readonly #started: Contestant[] = [];

  async start(names: Iterable<string>, { folder, execArgv, against }: StartOptions): Promise<ContestantsByName> {
    const started = new Map<string, { contestant: Contestant; task: string; warmUp: number }>();
    for (const name of names) {
      const { file, pool = '', task, warmUp = 1_500 } = entries[name.replace(other, '')]!;
      const program = against !== undefined && other.test(name) ? join(against, 'bench/dist', file) : file;
      const contestant = await Contestant.start(program, [folder, pool], execArgv);
      this.#started.push(contestant);
      started.set(name, { contestant, task, warmUp });
    }
    return started;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.map((contestant) => contestant.stop()));
  }
}

/** The bench's own app, as a process from its start until it listens: how long that took, in milliseconds. */
export async function ownBoot(folder: string): Promise<number> {
  const begun = performance.now();
  const boot = await Contestant.start(app, [folder]);
  const elapsed = performance.now() - begun;
  await boot.stop();
  return elapsed;
}
