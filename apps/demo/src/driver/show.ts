import { join } from 'node:path';
import { AppClient, HttpError } from './app-client.js';
import { AppProcess } from './app-process.js';
import { Batch } from './batch.js';
import { Bounded } from './bounded.js';
import { makeClip } from './clip.js';
import type { Clip } from './clip.js';
import { fetchSheet } from './contact-sheet.js';
import type { Display } from './display.js';
import { PoolWatch } from './pool-watch.js';
import { poolView } from './pool-view.js';
import { readProcessTable } from './process-table.js';
import { summarize } from './summary.js';

const videos = 8;

/** What the show needs. */
export interface ShowOptions {
  readonly display: Display;
  /** Where the clip, the store and the log are put. */
  readonly folder: string;
  /** Leave the app running until the signal aborts. */
  readonly serve: boolean;
  readonly signal: AbortSignal;
}

/** The demo, step by step: it starts the app, makes it work, and looks at what comes of it. */
export class Show {
  readonly #display: Display;
  readonly #folder: string;
  readonly #serve: boolean;
  readonly #signal: AbortSignal;
  /** The app whose last lines tell of a failure. */
  #app: AppProcess | undefined;

  constructor({ display, folder, serve, signal }: ShowOptions) {
    this.#display = display;
    this.#folder = folder;
    this.#serve = serve;
    this.#signal = signal;
  }

  /** What the app said last, for when the show failed. */
  get lastLines(): readonly string[] {
    return this.#app?.lastLines ?? [];
  }

  /** @throws {Error} that says what was not as it should be. */
  async run(): Promise<void> {
    const clip = await this.#display.step({
      title: 'Making a test clip',
      work: () => makeClip(this.#folder, this.#signal),
      says: ({ seconds, bytes }) => `${seconds} s of video, ${(bytes / 1e6).toFixed(1)} MB`,
    });
    await using app = await this.#start('Starting the app', 'process');
    const client = new AppClient(app.url);
    await using watch = new PoolWatch(client, app.pid);
    const onPool = await this.#post(`${videos} videos at once`, client, watch, clip);
    if (onPool.madeBy.has(app.pid)) throw new Error('the app itself made thumbnails, which only its runners should');
    await this.#askForSheet(client, onPool.ids[0]!, clip);
    await this.#postNoVideo(client);
    const idledOut = await this.#idleOut(app, watch);
    if (!this.#serve) await this.#stop(app, watch);

    const inOne = await this.#inOneProcess(clip);
    const pool = { ...onPool, firstUp: watch.firstUp ?? 0, idledOut };
    this.#display.print('', ...summarize(pool, inOne, videos), '');
    if (this.#serve) await this.#serveOn(app, watch, clip);
  }

  async #inOneProcess(clip: Clip): Promise<Posted> {
    await using app = await this.#start('Starting it as one process', 'local');
    const client = new AppClient(app.url);
    await using watch = new PoolWatch(client, app.pid);
    const posted = await this.#post(`The same ${videos} videos`, client, watch, clip);
    await this.#stop(app, watch);
    return posted;
  }

  #start(title: string, backend: 'process' | 'local'): Promise<AppProcess> {
    return this.#display.step({
      title,
      work: async () => {
        const env = { DEMO_BACKEND: backend, VIDEO_STORE: join(this.#folder, 'store') };
        const main = join(import.meta.dirname, '../main.js');
        return (this.#app = await AppProcess.start({ main, env, log: join(this.#folder, 'app.log'), signal: this.#signal }));
      },
      says: ({ url, pid }) => `${url}, pid ${pid}`,
    });
  }

  async #post(title: string, client: AppClient, watch: PoolWatch, clip: Clip): Promise<Posted> {
    const batch = new Batch(client, clip, videos);
    using bounded = new Bounded(this.#signal, 180_000, title);
    await this.#display.step({
      title,
      work: async () => {
        await batch.run(bounded.signal);
        await watch.until(({ running }) => running === 0, bounded.signal);
      },
      says: () => `${batch.arrived} thumbnails, ${watch.peak === 1 ? 'one runner' : `up to ${watch.peak} runners`}`,
      view: poolView(watch, batch),
    });
    return { took: batch.took, madeBy: batch.madeBy, thumbnails: batch.arrived, ids: batch.ids };
  }

  async #askForSheet(client: AppClient, id: string, clip: Clip): Promise<void> {
    using bounded = new Bounded(this.#signal, 30_000, 'the contact sheet');
    await this.#display.step({
      title: 'A contact sheet of one video',
      work: () => fetchSheet(client, id, clip, bounded.signal),
      says: ({ width, height }) => `${width}×${height}, by an inline function on a runner`,
    });
  }

  /** What the handler throws on a runner must be the status of the answer. */
  async #postNoVideo(client: AppClient): Promise<void> {
    using bounded = new Bounded(this.#signal, 30_000, 'refusing what is no video');
    await this.#display.step({
      title: 'A text that says it is a video',
      work: async () => {
        const answer = client.post(Buffer.from('This is not a video.'), 5, bounded.signal);
        const error = await answer.then(() => undefined).catch((thrown: unknown) => thrown);
        if (!(error instanceof HttpError) || error.status !== 422) throw error ?? new Error('it was taken for a video');
      },
      says: () => 'thrown on a runner, answered with status 422',
    });
  }

  /** Answers with the time that it took. */
  async #idleOut(app: AppProcess, watch: PoolWatch): Promise<number> {
    const start = performance.now();
    using bounded = new Bounded(this.#signal, 30_000, 'idling out');
    await this.#display.step({
      title: 'Runners idling out',
      work: async () => {
        await watch.until(({ runners }) => runners.length === 0, bounded.signal);
        await this.#noneLeft(watch);
      },
      says: () => `no process left under pid ${app.pid}`,
      view: poolView(watch),
    });
    return performance.now() - start;
  }

  async #stop(app: AppProcess, watch: PoolWatch): Promise<void> {
    await this.#display.step({
      title: 'Stopping the app',
      work: async () => {
        await watch[Symbol.asyncDispose]();
        const how = await app.stop();
        if (how.includes('SIGKILL')) throw new Error('the app did not stop on SIGTERM and was killed');
        await this.#noneLeft(watch);
        return how;
      },
      says: (how) => how,
    });
  }

  /** Looks in the machine's process table and not in the pool's books. */
  async #noneLeft({ processes }: PoolWatch): Promise<void> {
    const left = (await readProcessTable()).filter(({ pid, started }) => processes.has(`${pid} ${started}`));
    if (left.length > 0) throw new Error(`left in the process table: pid ${left.map(({ pid }) => pid).join(', ')}`);
  }

  async #serveOn(app: AppProcess, watch: PoolWatch, clip: Clip): Promise<void> {
    this.#app = app;
    this.#display.print(
      `The app stays at ${app.url}, its log in ${join(this.#folder, 'app.log')}.`,
      `See what its pool does: ${app.url}/flame`,
      'Send it a video:',
      `  curl --data-binary @${clip.path} -H 'content-type: video/mp4' '${app.url}/videos?every=5'`,
      '',
    );
    const toldToEnd = new Promise<void>((resolve) => {
      this.#signal.addEventListener('abort', () => resolve(), { once: true });
      if (this.#signal.aborted) resolve();
    });
    const crashed = app.exited.then((how) => {
      throw new Error(`the app ${how}`);
    });
    const work = (): Promise<void> => Promise.race([toldToEnd, crashed]);
    await this.#display.step({ title: 'Running until Ctrl-C', work, says: () => 'ending', view: poolView(watch) });
    await Promise.all([this.#stop(app, watch), crashed.catch(() => undefined)]);
    this.#signal.throwIfAborted();
  }
}

/** How a batch went. */
interface Posted {
  readonly took: number;
  readonly madeBy: ReadonlySet<number>;
  readonly thumbnails: number;
  /** The videos, by the app's ids. */
  readonly ids: readonly string[];
}
