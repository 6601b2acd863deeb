import { describe, expect, it, onTestFinished } from 'vitest';
import { DockerBackend } from 'nestjs-flame/docker';
import type { FlamePoolOptions } from 'nestjs-flame';
import type { DockerBackendOptions } from 'nestjs-flame/docker';
import { startShipped } from '../../support/shipped-app.js';
import { runnerEntry } from '../../support/trial-backends.js';
import { docker, testNetwork } from './cli.js';
import { nodeImage } from './trial.js';

/** The app of the conformance suite with containers that have nothing of it. */
function start(options: DockerBackendOptions, cache?: string, pool: Partial<FlamePoolOptions> = {}) {
  const shipCode = { entry: runnerEntry, ...(cache !== undefined && { cache }) };
  return startShipped(new DockerBackend({ image: nodeImage, network: testNetwork, shipCode, ...options }), pool);
}

describe('DockerBackend with shipCode', () => {
  it('runs calls in containers of an image that holds only Node, and fetches a build once for each cache', async () => {
    const volume = (await docker('volume', 'create')).trim();
    onTestFinished(async () => void (await docker('volume', 'rm', volume)));
    const { app, work, transfers, nextRunner } = await start({ mounts: [{ Type: 'volume', Source: volume, Target: '/code' }] }, '/code');
    onTestFinished(() => app.close());
    const first = await work.place();
    const [transfer] = transfers();
    console.log(`docker, first boot: ${transfer!.total} bytes in ${Math.round(transfer!.took)} ms`);
    expect(transfer!.total).toBeGreaterThan(1_000_000);
    await nextRunner();
    expect(await work.place()).not.toBe(first);
    console.log(`docker, second boot: ${transfers().length - 1} transfers`);
    expect(transfers()).toHaveLength(1);
  });

  it.each([
    ['read-only', { ReadonlyRootfs: true }, /cannot be stored in \/tmp.*read-only.*Set the backend's option shipCode\.cache/],
    [
      'full',
      { ReadonlyRootfs: true, Tmpfs: { '/tmp': 'size=1m' } },
      /the disk of \/tmp\S* is full.*Set the backend's option shipCode\.cache/,
    ],
  ] as const)('names the option cache if the temporary folder of the container is %s', async (_, hostConfig, message) => {
    const { app, work } = await start({ hostConfig }, undefined, { queueTimeout: 8_000 });
    onTestFinished(() => app.close());
    await expect(work.pid()).rejects.toThrow(message);
  });
});
