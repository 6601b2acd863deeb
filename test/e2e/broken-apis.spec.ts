import { describe, expect, it } from 'vitest';
import { TestBootRequest } from '../support/test-boot-request.js';
import { brokenDocker, brokenFly, brokenKubernetes } from '../support/broken-platforms.js';
import type { BrokenPlatform } from '../support/broken-platforms.js';
import { RecordingLog } from '../support/pool-rig.js';
import { until } from '../support/process-table.js';

const told = (log: RecordingLog, level: string): string[] => log.lines.filter((line) => line.startsWith(level));

describe.each([
  ['KubernetesBackend', brokenKubernetes],
  ['DockerBackend', brokenDocker],
  ['FlyBackend', brokenFly],
])('%s in front of a stand-in of a broken API', (name, make) => {
  async function start(): Promise<BrokenPlatform & { log: RecordingLog }> {
    const log = new RecordingLog();
    const platform = await make();
    await platform.backend.prepare({ parent: 'parent-1', underTest: true, log });
    return { ...platform, log };
  }

  const timed = async (work: Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await work;
    return performance.now() - began;
  };

  it('cancels a boot whose machine request is not answered, names the API, and removes the machine if it appears later', async () => {
    const { api, backend, create, look, machines, make: made, called, log } = await start();
    let late = 0;
    api.broken = (asked) => {
      if (!create.test(asked.line)) return undefined;
      // It is made when the backend has looked for it and not found it.
      void until(() => api.count(look) > 0).then(() => {
        made(asked);
        late = machines.size;
      });
      return 'silent';
    };
    await expect(backend.boot(new TestBootRequest('p'))).rejects.toThrow(`${called} did not answer the request "create`);
    expect(told(log, 'warn').join('\n')).toContain(`${called} did not answer the request "create`);
    await until(() => late === 1 && machines.size === 0);
    await backend.close();
    expect(told(log, 'error')).toEqual([]);
  });

  it('ends within its limits when the API stops answering, and names the machines to remove by hand', async () => {
    const { api, backend, machines, called, byHand, log } = await start();
    const machine = await backend.boot(new TestBootRequest('p'));
    api.broken = () => 'silent';
    expect(await timed(machine.stop(100))).toBeLessThan(12_000);
    expect((await machine.exited).how).toBe('stopped');
    expect(await timed(backend.close())).toBeLessThan(3_000);
    expect(machines.size).toBe(1);
    expect(told(log, 'warn').join('\n')).toContain(`${called} did not answer the request "`);
    expect(told(log, 'error').join('\n')).toMatch(byHand);
  });

  it('removes leftovers as soon as the API answers again', async () => {
    const { api, backend, machines, log } = await start();
    const machine = await backend.boot(new TestBootRequest('p'));
    api.broken = () => 'silent';
    await machine.stop(0);
    expect(machines.size).toBe(1);
    api.broken = () => undefined;
    await until(() => machines.size === 0);
    await backend.close();
    expect(told(log, 'error')).toEqual([]);
  });

  it('retries if a connection breaks within an answer, and after temporary errors', async () => {
    const { api, backend, list } = await start();
    for (const way of ['cut', { status: 503 }] as const) {
      const before = api.count(list);
      api.broken = ({ line }) => (list.test(line) && api.count(list) === before + 1 ? way : undefined);
      expect(await backend.machines!()).toEqual([]);
      expect(api.count(list)).toBe(before + 2);
    }
    await backend.close();
  });

  it('retries after the time in Retry-After', async () => {
    const { api, backend, list } = await start();
    api.broken = ({ line }) => (list.test(line) && api.count(list) === 1 ? { status: 429, headers: { 'retry-after': '1' } } : undefined);
    // dockerode keeps no headers of a refusal.
    expect(await timed(backend.machines!())).toBeGreaterThan(name === 'DockerBackend' ? 450 : 950);
    expect(api.count(list)).toBe(2);
    await backend.close();
  });
});

it('DockerBackend refuses to start if the engine does not answer, and names it', async () => {
  const { api, backend, called } = await brokenDocker();
  api.broken = () => 'silent';
  const reason = `DockerBackend cannot reach a Docker Engine at ${called.replace('the Docker Engine at ', '')}: ${called} did not answer the request "get its version" within 500 ms`;
  await expect(backend.prepare({ parent: 'parent-1', underTest: true, log: new RecordingLog() })).rejects.toThrow(reason);
});
