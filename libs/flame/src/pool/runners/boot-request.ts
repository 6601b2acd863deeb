import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { BootRequest, FlameParentOptions } from '../../backends/backend.js';
import { ownProcessors } from '../../backends/launch/own-processors.js';
import type { ParentInfo } from '../../core/parent-info.js';
import type { Attachment, AttachServer, ExpectedRunner } from '../../transport/session/link.js';
import { MultiProcessLink } from './multi-process-link.js';
import type { PoolSetup } from '../pool-setup.js';

/** The most processes of a machine on another host with `processes: 'auto'`. */
const mostProcesses = 64;

/** The runners that a machine's processes attach as. Together they are one runner; the first has its name. */
export function expectedRunners(runner: string, { config, backend, manifest, refusal }: PoolSetup): ExpectedRunner[] {
  // On this host the number is known. A machine on another host decides the number itself, and needs a token for each process.
  const automatic = backend.reach === 'host' ? ownProcessors() : mostProcesses;
  const wanted = config.processes === 'auto' ? automatic : config.processes;
  const count = backend.reach === 'memory' ? 1 : wanted;
  return Array.from({ length: count }, (_, index) => ({
    runner: index === 0 ? runner : `${runner}+${index}`,
    token: randomBytes(32).toString('base64url'),
    manifest,
    onThisHost: backend.reach === 'host',
    refusal,
  }));
}

/** Waits until every process of a machine has attached: all that are expected, or as many as the first process says. */
export async function expectAll(attachServer: AttachServer, expected: readonly ExpectedRunner[], signal: AbortSignal): Promise<Attachment> {
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  setMaxListeners(0, until);
  const attaching = expected.map((one) => attachServer.expect(one, until));
  const all = Promise.all(attaching);
  try {
    const first = await Promise.race([attaching[0]!, all.then(([one]) => one!)]);
    const { processes } = first.hello;
    const attachments = await (processes === undefined ? all : Promise.race([Promise.all(attaching.slice(0, processes)), all]));
    return attachments.length === 1 ? first : { hello: first.hello, link: new MultiProcessLink(attachments.map(({ link }) => link)) };
  } finally {
    // The remaining tokens belong to processes that do not exist.
    for (const one of [all, ...attaching]) one.catch(() => {});
    over.abort();
  }
}

/** What a boot reports while it goes on. */
export interface BootReports {
  /** Gets the machine's output. */
  readonly output: BootRequest['output'];
  /** `sent` of `total` bytes of the app's code have been sent to the machine. */
  readonly shipping: (sent: number, total: number) => void;
}

/** Makes the request with which a backend boots a machine. */
export function bootRequest(
  setup: PoolSetup,
  expected: readonly ExpectedRunner[],
  signal: AbortSignal,
  { output, shipping }: BootReports,
): BootRequest {
  const { config, parent, manifest, inProcess } = setup;
  const { runner } = expected[0]!;
  const info = async ({ host, tunnel, more }: FlameParentOptions = {}): Promise<ParentInfo> => ({
    ...(await parentInfo(setup, expected, host, tunnel)),
    ...more,
  });
  return {
    pool: config.name,
    runner,
    parent,
    handlers: manifest.digest,
    signal,
    bootTimeout: config.bootTimeout,
    shutdownTimeout: config.shutdownTimeout,
    reconnectTimeout: setup.reconnectTimeout,
    flameParent: async (options) => Buffer.from(JSON.stringify(await info(options))).toString('base64'),
    serveCode: async (code) => {
      const served = {
        bytes: code.bytes,
        loader: () => code.loader(),
        read: (offset: number, length: number) => code.read(offset, length),
        onSent: (sent: number) => shipping(sent, code.bytes),
      };
      await setup.attachServer.serveCode(runner, served);
    },
    output,
    inProcess: async () => inProcess(await info()),
  };
}

async function parentInfo(
  setup: PoolSetup,
  [first, ...siblings]: readonly ExpectedRunner[],
  host: string | undefined,
  tunnel: FlameParentOptions['tunnel'],
): Promise<ParentInfo> {
  const { config, parent, backend, manifest, address, maxPayload, reconnectTimeout } = setup;
  return {
    pool: config.name,
    runner: first!.runner,
    parent,
    backend: backend.name,
    ...(await address(host, tunnel)),
    token: first!.token,
    ...(config.processes === 'auto' && backend.reach !== 'host' && { processes: 'auto' as const }),
    siblings: siblings.map(({ runner, token }) => ({ runner, token })),
    version: manifest.version,
    digest: manifest.digest,
    maxConcurrency: config.maxConcurrency,
    bootTimeout: config.bootTimeout,
    shutdownTimeout: config.shutdownTimeout,
    reconnectTimeout,
    maxPayload,
    trackResources: config.trackResources,
    sameHost: backend.reach === 'host',
    clusterWorker: cluster.isWorker,
    ipc: process.send !== undefined,
  };
}
