import { describe, expect, it } from 'vitest';
import { checkDockerOptions } from './docker-options.js';
import type { DockerBackendOptions } from './docker-options.js';
import type { ContainerSettings } from './container-settings.js';
import { containerSpec } from './docker-create.js';
import { loaderCommand } from '../ship/loader-command.js';

const settings: ContainerSettings = { image: 'app:1', start: undefined, network: 'app', parentHost: 'parent' };
const home = { process: 'space 1 2', container: 'id then' };
const request = { parent: 'ab12', pool: 'My Pool', runner: 'My Pool-ab12-1', shutdownTimeout: 30_000 };

function spec(options: DockerBackendOptions = {}, more: Partial<ContainerSettings> = {}, shutdownTimeout = 30_000) {
  return containerSpec(checkDockerOptions(options), { ...settings, ...more }, home, { ...request, shutdownTimeout }, 'the request');
}

describe('containerSpec', () => {
  it('names, labels and addresses a container of the pool', () => {
    const made = spec({ labels: { team: 'video' } });
    expect(made.name).toMatch(/^flame-my-pool-ab12-1-[0-9a-f]{6}$/);
    expect(made).toMatchObject({ Image: 'app:1', Hostname: 'my-pool-ab12-1', StopSignal: 'SIGTERM', StopTimeout: 30 });
    expect(made.Labels).toEqual({
      team: 'video',
      'nestjs-flame.parent': 'ab12',
      'nestjs-flame.pool': 'My Pool',
      'nestjs-flame.runner': 'My Pool-ab12-1',
      'nestjs-flame.parent-process': 'space 1 2',
      'nestjs-flame.parent-container': 'id then',
      'nestjs-flame.keep': 'false',
    });
    expect(made.HostConfig).toMatchObject({ Init: true, NetworkMode: 'app', ExtraHosts: [] });
  });

  it('lets no option override FLAME_PARENT, and sets the host name in the documented variable', () => {
    const made = spec({ env: { A: '1' }, runnerHostnameEnv: 'RUNNER_HOST' });
    expect(made.Env).toEqual(expect.arrayContaining(['RUNNER_HOST=my-pool-ab12-1', 'A=1', 'FLAME_PARENT=the request']));
  });

  it("sets limits in the engine's units, without additional swap", () => {
    expect(spec({ memory: '512m', cpus: 1.5, gpus: 'all' }).HostConfig).toMatchObject({
      Memory: 536_870_912,
      MemorySwap: 536_870_912,
      NanoCpus: 1_500_000_000,
      DeviceRequests: [{ Count: -1, Capabilities: [['gpu']] }],
    });
  });

  it('applies hostConfig over the defaults and under the options', () => {
    const mounts = [{ Type: 'volume', Source: 'v', Target: '/v' }] as const;
    expect(spec({ hostConfig: { Init: false, CapDrop: ['ALL'] }, mounts }).HostConfig).toMatchObject({
      Init: false,
      CapDrop: ['ALL'],
      NetworkMode: 'app',
      Mounts: mounts,
    });
  });

  it("starts the parent's command unless the option cmd is set", () => {
    const start = { Cmd: ['node', 'dist/main.js'], Entrypoint: ['/entry'], WorkingDir: '/srv', User: 'app' };
    expect(spec({}, { start })).toMatchObject(start);
    expect(spec({ cmd: ['node', 'other.js'] }, { start })).toMatchObject({ ...start, Cmd: ['node', 'other.js'] });
  });

  it('adds the host to the hosts file if the parent is there', () => {
    expect(spec({ hostConfig: { ExtraHosts: ['db:10.0.0.1'] } }, { parentHost: 'host.docker.internal' }).HostConfig).toMatchObject({
      ExtraHosts: ['db:10.0.0.1', 'host.docker.internal:host-gateway'],
    });
  });

  it("sets no host name on the host's network, and no StopTimeout for Infinity", () => {
    expect(spec({}, { network: 'host' })).not.toHaveProperty('Hostname');
    expect(spec({}, {}, Infinity)).not.toHaveProperty('StopTimeout');
  });

  it("starts the loader with shipCode, in place of the parent's and the image's command", () => {
    const start = { Cmd: ['npm', 'start'], Entrypoint: ['/init'], WorkingDir: '/app', User: 'app' };
    const { Cmd, Entrypoint, WorkingDir, User } = spec({ shipCode: true }, { start: start as never });
    expect({ Cmd, Entrypoint, WorkingDir, User }).toEqual({ Cmd: loaderCommand(), Entrypoint: [], WorkingDir: undefined, User: undefined });
  });
});
