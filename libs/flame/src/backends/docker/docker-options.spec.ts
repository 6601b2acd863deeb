import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DockerBackend } from './docker-backend.js';
import { checkDockerOptions } from './docker-options.js';

describe('DockerBackendOptions', () => {
  it.each<[unknown, string]>([
    [null, 'DockerBackend must be an object of options'],
    [{ imag: 'x' }, 'DockerBackend.imag is not an option. Did you mean image? The options are: image, network,'],
    [{ image: '' }, 'DockerBackend.image must be a non-empty string'],
    [{ cmd: 'node main.js' }, 'DockerBackend.cmd must be a list of strings, but is "node main.js"'],
    [{ hostConfig: [] }, 'DockerBackend.hostConfig must be an object, but is an array of 0'],
    [
      { hostConfig: { AutoRemove: true } },
      'DockerBackend.hostConfig.AutoRemove is set by the backend. The backend removes containers after they end',
    ],
    [{ hostConfig: { NetworkMode: 'x' } }, 'DockerBackend.hostConfig.NetworkMode is set by the backend. Set network.'],
    [{ mounts: [{ Source: 'a' }] }, 'DockerBackend.mounts must be a list of mounts'],
    [{ labels: { a: 1 } }, 'DockerBackend.labels.a must be a string'],
    [{ labels: { 'nestjs-flame.parent': 'x' } }, 'DockerBackend.labels.nestjs-flame.parent is set by the backend'],
    [{ memory: 'much' }, 'DockerBackend.memory must be bytes or a size, of 6 MiB at least, but is "much"'],
    [{ memory: 512 }, 'DockerBackend.memory must be bytes or a size, of 6 MiB at least, but is 512'],
    [{ cpus: 0 }, 'DockerBackend.cpus must be a number of processors'],
    [{ gpus: 'some' }, 'DockerBackend.gpus must be a whole number of at least 1'],
    [{ auth: { user: 'x' } }, 'DockerBackend.auth.user is not an option'],
    [{ pull: 'sometimes' }, "DockerBackend.pull must be one of 'missing', 'always', 'never'"],
    [{ bootTimeout: 0 }, 'DockerBackend.bootTimeout must be a time in milliseconds above 0'],
    [{ env: { FLAME_PARENT: 'x' } }, 'DockerBackend.env.FLAME_PARENT cannot be overridden'],
  ])('refuses %j', (options, message) => {
    expect(() => new DockerBackend(options as object)).toThrow(
      expect.objectContaining({ code: 'FLAME_CONFIG', message: expect.stringContaining(message) }),
    );
  });

  it('has the defaults that it documents', () => {
    expect(checkDockerOptions({})).toMatchObject({
      inheritEnv: 'none',
      env: {},
      keepRunners: false,
      runnerHostnameEnv: 'HOSTNAME',
      pull: 'missing',
    });
  });

  it.each([
    ['512m', 512 * 1024 ** 2],
    ['2g', 2 * 1024 ** 3],
    ['1.5GB', 1.5 * 1024 ** 3],
    [64 * 1024 ** 2, 64 * 1024 ** 2],
  ])('reads a size of %s', (memory, bytes) => {
    expect(checkDockerOptions({ memory }).memory).toBe(bytes);
  });

  it('shows secrets neither in errors nor in an inspected backend', () => {
    const auth = { username: 'u', password: 'hunter2' };
    expect(inspect(new DockerBackend({ auth, env: { KEY: 'hunter2' } }), { depth: Infinity, showHidden: true })).not.toContain('hunter2');
    expect(() => new DockerBackend({ auth: { ...auth, password: ['hunter2'] as never } })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});
