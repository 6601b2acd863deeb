import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubernetesBackend } from 'nestjs-flame/kubernetes';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startShipped } from '../../support/shipped-app.js';
import { runnerEntry } from '../../support/trial-backends.js';
import { hostAddress, namespaceOf, nodeImage } from './cluster.js';

describe('KubernetesBackend with shipCode', () => {
  it('runs calls in pods of an image that holds only Node, from a parent outside of the cluster, and fetches a build once for each cache', async () => {
    // The nodes are this host, so a folder of theirs is one of ours.
    const cache = mkdtempSync(join(tmpdir(), 'flame-code-'));
    onTestFinished(() => rmSync(cache, { recursive: true, maxRetries: 5 }));
    const containers = [{ name: 'app', image: nodeImage, imagePullPolicy: 'Never', volumeMounts: [{ name: 'code', mountPath: '/code' }] }];
    const backend = new KubernetesBackend({
      namespace: await namespaceOf('shipped'),
      parentHostname: hostAddress,
      shipCode: { entry: runnerEntry, cache: '/code' },
      manifest: { spec: { containers, volumes: [{ name: 'code', hostPath: { path: cache } }] } },
    });
    const { app, work, transfers, nextRunner } = await startShipped(backend, { bootTimeout: 90_000 });
    onTestFinished(() => app.close());
    const first = await work.place();
    const [transfer] = transfers();
    console.log(`kubernetes, first boot: ${transfer!.total} bytes in ${Math.round(transfer!.took)} ms`);
    await nextRunner();
    expect(await work.place()).not.toBe(first);
    console.log(`kubernetes, second boot: ${transfers().length - 1} transfers`);
    expect(transfers()).toHaveLength(1);
  });
});
