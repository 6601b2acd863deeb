import { join } from 'node:path';
import { SshBackend } from 'nestjs-flame/ssh';
import { expect, it, onTestFinished } from 'vitest';
import { startShipped } from '../../support/shipped-app.js';
import { runnerEntry } from '../../support/trial-backends.js';
import { serverFor } from './ssh-rig.js';

const repository = join(import.meta.dirname, '../../..');

it('A host that has nothing but Node gets the code through SSH, once', async () => {
  // The repository is not there.
  const server = await serverFor({ at: ['unshare', '--mount', 'sh', '-c', `mount -t tmpfs none ${repository} && exec "$@"`, 'sh'] });
  const backend = new SshBackend({
    hosts: [server.host()],
    node: process.execPath,
    shipCode: { entry: runnerEntry, cache: join(server.cache, 'code') },
  });
  const { app, work, transfers, nextRunner } = await startShipped(backend, {});
  onTestFinished(() => app.close());
  const begun = performance.now();
  const first = await work.pid();
  const [transfer] = transfers();
  console.log(
    `ssh, first boot: ${transfer!.total} bytes in ${Math.round(transfer!.took)} ms, ${Math.round(performance.now() - begun)} ms to the answer`,
  );
  expect(transfer!.total).toBeGreaterThan(1_000_000);
  await nextRunner();
  const again = performance.now();
  expect(await work.pid()).not.toBe(first);
  console.log(`ssh, second boot: ${transfers().length - 1} transfers, ${Math.round(performance.now() - again)} ms to the answer`);
  expect(transfers()).toHaveLength(1);
});
