import type { ContainerInspectInfo } from 'dockerode';
import { describe, expect, it } from 'vitest';
import type { DockerEngine } from './docker-api.js';
import { checkDockerOptions } from './docker-options.js';
import type { DockerBackendOptions } from './docker-options.js';
import { findSettings, ownContainerId } from './container-settings.js';

const config = { Cmd: ['node', 'dist/main.js'], Entrypoint: null, WorkingDir: '/app', User: '' };

function engine(network: object | undefined, onThisHost = true): DockerEngine {
  const inspect = async (): Promise<object> => {
    if (network) return network;
    throw Object.assign(new Error('not there'), { statusCode: 404, json: { message: 'network nope not found' } });
  };
  const ask: DockerEngine['ask'] = (_, send) => send({ getNetwork: () => ({ inspect }) } as never);
  return { ask, address: '/sock', onThisHost } as DockerEngine;
}

function own(networks: object): ContainerInspectInfo {
  return {
    Id: 'abcdef0123456789',
    Image: 'sha256:1',
    Config: { ...config, Hostname: 'abcdef012345', Env: ['SECRET=s'], ExposedPorts: { '3000/tcp': {} } },
    NetworkSettings: { Networks: networks },
  } as unknown as ContainerInspectInfo;
}

const settings = (options: DockerBackendOptions, where: DockerEngine, container?: ContainerInspectInfo) =>
  findSettings(checkDockerOptions(options), where, container);

describe('findSettings', () => {
  it('uses image, start and network of the parent’s own container', async () => {
    const container = own({ bridge: { IPAddress: '172.17.0.2' }, app: { IPAddress: '10.0.0.2', Aliases: ['web', 'abcdef012345'] } });
    expect(await settings({}, engine({}), container)).toEqual({
      image: 'sha256:1',
      start: config,
      network: 'app',
      parentHost: 'abcdef012345',
    });
  });

  it('starts another image with that image’s own command', async () => {
    expect(await settings({ image: 'app:2' }, engine({}), own({ app: { IPAddress: '1' } }))).toMatchObject({
      image: 'app:2',
      start: undefined,
    });
  });

  it('uses the parent’s address on a network without names', async () => {
    expect(await settings({}, engine({}), own({ bridge: { IPAddress: '172.17.0.2', Aliases: null } }))).toMatchObject({
      network: 'bridge',
      parentHost: '172.17.0.2',
    });
  });

  it.each<[string, object, string]>([
    ['a bridge', { Driver: 'bridge' }, 'host.docker.internal'],
    ['an internal bridge', { Driver: 'bridge', Internal: true, IPAM: { Config: [{ Gateway: '10.1.0.1' }] } }, '10.1.0.1'],
    ['the network of the host', { Driver: 'host' }, '127.0.0.1'],
  ])('finds the parent’s host on %s', async (_, network, parentHost) => {
    expect(await settings({ image: 'app:1', network: 'n' }, engine(network))).toMatchObject({ parentHost });
  });

  it.each<[string, DockerBackendOptions, DockerEngine, ContainerInspectInfo | undefined, string]>([
    ['image', { network: 'n' }, engine({}), undefined, 'DockerBackend.image is missing, and the parent runs outside of a container'],
    ['network', { image: 'app:1' }, engine({}), undefined, 'DockerBackend.network is missing, and the parent runs outside of a container'],
    [
      'network',
      { image: 'app:1', network: 'nope' },
      engine(undefined),
      undefined,
      'but the engine at /sock has no such network (network nope not found). Create it with: docker network create nope',
    ],
    [
      'network',
      { network: 'other' },
      engine({}),
      own({ app: {} }),
      'is "other", but the parent\'s own container is not in that network. It is in: app',
    ],
    [
      'parentHostname',
      { image: 'app:1', network: 'n' },
      engine({ Driver: 'bridge' }, false),
      undefined,
      'DockerBackend.parentHostname is missing: the engine at /sock is on another host',
    ],
  ])('names the option %s when it is missing or wrong', async (_, options, where, container, message) => {
    await expect(settings(options, where, container)).rejects.toMatchObject({
      code: 'FLAME_CONFIG',
      message: expect.stringContaining(message),
    });
  });
});

const id = 'a1'.repeat(32);

describe('ownContainerId', () => {
  it('finds the id in the files that the engine mounts into the container', () => {
    const mounts = `612 590 254:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n`;
    expect(ownContainerId(mounts, 'web-1')).toBe(id);
  });

  it('finds no id on a host, although files of its containers are mounted there', () => {
    const mounts = `812 29 0:55 / /var/lib/docker/containers/${id}/mounts/shm rw,nosuid - tmpfs shm rw,size=65536k\n`;
    expect(ownContainerId(mounts, 'web-1')).toBeUndefined();
  });

  it('accepts a host name that looks like the beginning of an id', () => {
    expect(ownContainerId('', id.slice(0, 12))).toBe(id.slice(0, 12));
    expect(ownContainerId('', 'beef')).toBeUndefined();
  });
});
