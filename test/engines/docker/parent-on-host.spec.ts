import { DockerBackend } from 'nestjs-flame/docker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testContext } from '../../support/test-boot-request.js';
import { docker, network } from './cli.js';
import { nodeImage } from './trial.js';

describe('A parent on the host', () => {
  beforeAll(async () => {
    await docker('tag', nodeImage, 'my-app:host');
    await network('app-host');
  });
  afterAll(() => docker('rmi', 'my-app:host'));

  it('needs only image and network', async () => {
    const backend = new DockerBackend({ image: 'my-app:host', network: 'app-host' });
    await backend.prepare(testContext);
    const checks = await backend.examine(new AbortController().signal);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.at(-1)!.message).toBe('app-host (bridge), on which runners reach this process as host.docker.internal');
    await backend.close();
  });
});
