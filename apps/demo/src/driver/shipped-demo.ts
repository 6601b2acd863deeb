import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppClient } from './app-client.js';
import { AppProcess } from './app-process.js';
import { Batch } from './batch.js';
import { Bounded } from './bounded.js';
import { makeClip } from './clip.js';
import { fetchSheet } from './contact-sheet.js';
import type { Display } from './display.js';
import { poolView } from './pool-view.js';
import { PoolWatch } from './pool-watch.js';
import { runShow } from './run-show.js';
import { seconds } from './seconds.js';
import { shippedDocker } from './shipped-docker.js';
import { shippedKubernetes } from './shipped-kubernetes.js';
import { shippedSsh } from './shipped-ssh.js';
import type { ShippedPlatform, ShippedStart } from './shipped-platform.js';

const videos = 8;
const main = join(import.meta.dirname, '../main.js');
const platforms: Readonly<Record<string, (start: ShippedStart) => Promise<ShippedPlatform>>> = {
  docker: shippedDocker,
  kubernetes: shippedKubernetes,
  ssh: shippedSsh,
};

/**
 * The demo's job with the app as a process on this host, and every runner in a container or a pod whose image holds only Node, or on a server: `npm
 * run demo:docker -- --ship`, `npm run demo:kubernetes -- --ship`, `npm run demo:ssh`.
 */
async function show(display: Display, folder: string, engine: string, image: string, signal: AbortSignal): Promise<void> {
  const [store, cache, log] = [join(folder, 'store'), join(folder, 'cache'), join(folder, 'app.log')];
  await Promise.all([mkdir(store), mkdir(cache)]);
  const clip = await display.step({
    title: 'Making a test clip',
    work: () => makeClip(folder, signal),
    says: ({ seconds: length, bytes }) => `${length} s of video, ${(bytes / 1e6).toFixed(1)} MB`,
  });
  await using platform = await platforms[engine]!({ image, store, cache });
  await using app = await display.step({
    title: 'Starting the app on this host',
    work: () => AppProcess.start({ main, env: { ...platform.env, HOST: '127.0.0.1' }, log, signal }),
    says: ({ url }) => url,
  });
  const client = new AppClient(app.url);
  await using watch = new PoolWatch(client, process.pid);
  const batch = new Batch(client, clip, videos);
  await display.step({
    title: `${videos} videos at once, on ${platform.unit}s that have only Node`,
    work: async () => {
      using bounded = new Bounded(signal, 240_000, 'the batch');
      await batch.run(bounded.signal);
    },
    says: () => `${batch.arrived} thumbnails, up to ${watch.peak} runners`,
    view: poolView(watch, batch),
  });
  const idle = (): Promise<string[]> =>
    display.step({
      title: 'Runners idling out',
      work: async () => {
        using bounded = new Bounded(signal, 60_000, 'idling out');
        await watch.until((stats) => stats.runners.length === 0, bounded.signal);
        return platform.runners();
      },
      says: ({ length }) => `${length} ${platform.unit}s of runners left`,
      view: poolView(watch),
    });
  await idle();
  const first = await transfers(log);
  await display.step({
    title: 'A contact sheet, on a new runner',
    work: async () => {
      using bounded = new Bounded(signal, 120_000, 'the contact sheet');
      return fetchSheet(client, batch.ids[0]!, clip, bounded.signal);
    },
    says: ({ width, height }) => `${width}×${height}, by an inline function`,
  });
  const second = (await transfers(log)).slice(first.length);
  const left = await idle();
  await watch[Symbol.asyncDispose]();
  await app.stop();
  display.print(
    '',
    `${videos} videos, one ffmpeg thread each, on ${platform.name} runners that have only Node of their own:`,
    `  on the pool        ${seconds(batch.took).padStart(7)}   from none to ${watch.peak} runners, the first ready after ${seconds(watch.firstUp ?? 0)}`,
    `  code, first time   ${sum(first).padStart(7)}   MB to each of ${first.length} machines, in ${first.map(({ took }) => took).join(', ')} s`,
    `  code, second time  ${sum(second).padStart(7)}   MB: ${second.length === 0 ? "the machine's cache had it" : `sent to ${second.length} machines again`}`,
    `  files made         ${String(batch.arrived).padStart(7)}   PNG thumbnails, each one checked`,
    `  ${`${platform.unit}s left`.padEnd(17)}  ${String(left.length).padStart(7)}   of runners, by the platform's own list`,
    '',
  );
  if (left.length > 0 || first.length === 0 || second.length > 0)
    throw new Error(
      `${left.length} ${platform.unit}s are left, and the code was sent ${first.length} times, and then ${second.length} times`,
    );
}

interface CodeTransfer {
  readonly megabytes: string;
  /** In seconds. */
  readonly took: string;
}

/** The transfers of the app's code that the app has logged. */
async function transfers(log: string): Promise<CodeTransfer[]> {
  const lines = (await readFile(log, 'utf8')).matchAll(/sent the app's code to runner \S+: ([\d.]+) MB in ([\d.]+) s/g);
  return Array.from(lines, ([, megabytes, took]) => ({ megabytes: megabytes!, took: took! }));
}

function sum(list: readonly CodeTransfer[]): string {
  return list[0]?.megabytes ?? '0';
}

const [engine = 'docker', image = 'flame-test/node:1'] = process.argv.slice(2);
await runShow((display, folder, signal) => show(display, folder, engine, image, signal));
