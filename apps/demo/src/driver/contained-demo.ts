import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppClient } from './app-client.js';
import { Batch } from './batch.js';
import { Bounded } from './bounded.js';
import { makeClip } from './clip.js';
import { fetchSheet } from './contact-sheet.js';
import type { Display } from './display.js';
import type { ContainedApp, ContainedAppStart } from './contained-app.js';
import { DockerApp } from './docker-app.js';
import { KubernetesApp } from './kubernetes-app.js';
import { poolView } from './pool-view.js';
import { PoolWatch } from './pool-watch.js';
import { runShow } from './run-show.js';
import { seconds } from './seconds.js';

const videos = 8;

interface Platform {
  readonly name: string;
  /** What the app and its runners live in. */
  readonly unit: string;
  start(options: ContainedAppStart): Promise<ContainedApp>;
}

const platforms: Readonly<Record<string, Platform>> = {
  docker: { name: 'Docker', unit: 'container', start: (options) => DockerApp.start(options) },
  kubernetes: { name: 'Kubernetes', unit: 'pod', start: (options) => KubernetesApp.start(options) },
};

/** The demo's job with the app, and every runner, in a container or a pod: `npm run demo:docker`, `npm run demo:kubernetes`. */
async function show(display: Display, folder: string, platform: Platform, image: string, signal: AbortSignal): Promise<void> {
  const { name, unit } = platform;
  const store = join(folder, 'store');
  await mkdir(store);
  const clip = await display.step({
    title: 'Making a test clip',
    work: () => makeClip(folder, signal),
    says: ({ seconds: length, bytes }) => `${length} s of video, ${(bytes / 1e6).toFixed(1)} MB`,
  });
  await using app = await display.step({
    title: `Starting the app in a ${unit}`,
    work: () => platform.start({ image, store, signal }),
    says: ({ url }) => url,
  });
  const client = new AppClient(app.url);
  // Its processes are elsewhere: the platform is asked for what is left, not the process table.
  await using watch = new PoolWatch(client, process.pid);
  const batch = new Batch(client, clip, videos);
  const runners = await display.step({
    title: `${videos} videos at once`,
    work: async () => {
      using bounded = new Bounded(signal, 240_000, 'the batch');
      await batch.run(bounded.signal);
      return app.runners();
    },
    says: () => `${batch.arrived} thumbnails, up to ${watch.peak} runners`,
    view: poolView(watch, batch),
  });
  await display.step({
    title: 'A contact sheet of one video',
    work: async () => {
      using bounded = new Bounded(signal, 60_000, 'the contact sheet');
      return fetchSheet(client, batch.ids[0]!, clip, bounded.signal);
    },
    says: ({ width, height }) => `${width}×${height}, by an inline function on a runner`,
  });
  const left = await display.step({
    title: 'Runners idling out',
    work: async () => {
      using bounded = new Bounded(signal, 60_000, 'idling out');
      await watch.until((stats) => stats.runners.length === 0, bounded.signal);
      return app.runners();
    },
    says: ({ length }) => `${length} ${unit}s of runners left`,
    view: poolView(watch),
  });
  await watch[Symbol.asyncDispose]();
  const code = await display.step({
    title: 'Stopping the app',
    work: () => app.stop(),
    says: (exit) => `exit code ${exit ?? 'not known'}`,
  });
  display.print(
    '',
    `${videos} videos, one ffmpeg thread each, on ${name} runners:`,
    `  on the pool        ${seconds(batch.took).padStart(7)}   from none to ${watch.peak} runners, the first ready after ${seconds(watch.firstUp ?? 0)}`,
    `  runners            ${String(runners.length).padStart(7)}   ${runners.join(', ')}`,
    `  files made         ${String(batch.arrived).padStart(7)}   PNG thumbnails, each one checked`,
    `  ${`${unit}s left`.padEnd(17)}  ${String(left.length).padStart(7)}   of runners, by the platform's own list`,
    '',
  );
  // Nest ends with the signal that it got, once its hooks have run: 128 + SIGTERM. Killed for being late it would be 137.
  if (left.length > 0 || ![0, 143].includes(code ?? 0))
    throw new Error(`${left.length} ${unit}s are left, and the app ended with exit code ${code}`);
}

const [platform, image = 'flame-test/node:1'] = process.argv.slice(2);
await runShow((display, folder, signal) => show(display, folder, platforms[platform ?? 'docker']!, image, signal));
