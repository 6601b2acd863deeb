import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FlyBackend } from './fly-backend.js';
import { checkFlyOptions, flyDefaults, settle } from './fly-options.js';

const env = {
  FLY_APP_NAME: 'videos',
  FLY_REGION: 'fra',
  FLY_IMAGE_REF: 'registry.fly.io/videos:1',
  FLY_API_TOKEN: 'FlyV1 secret\n',
  FLY_PRIVATE_IP: 'fdaa::3',
};

describe('checkFlyOptions', () => {
  it.each([
    [{ app: 1 }, 'FlyBackend.app must be a non-empty string, but is 1. Pass app as a string.'],
    [{ regions: 'fra' }, `FlyBackend.regions must be a list of strings, but is "fra". Pass a list of strings, such as ['fra', 'ams'].`],
    [{ token: 1234 }, 'FlyBackend.token must be a non-empty string, but is of type number. Pass it as a string, or set FLY_API_TOKEN.'],
    [
      { host: 'api.machines.dev' },
      `FlyBackend.host must be a URL without a path, but is "api.machines.dev". Pass for example 'http://_api.internal:4280'.`,
    ],
    [{ memoryMb: 1_500 }, 'FlyBackend.memoryMb must be a multiple of 1024 for performance CPUs, but is 1500. Pass for example 2048.'],
    [
      { memoryMb: 300, cpuKind: 'shared' },
      'FlyBackend.memoryMb must be a multiple of 256 for shared CPUs, but is 300. Pass for example 512.',
    ],
    [{ metadata: { fly_process_group: 'app' } }, 'FlyBackend.metadata.fly_process_group would let fly deploy manage the runners. Omit it.'],
    [{ mounts: [{ volume: 'vol_1' }] }, 'FlyBackend.mounts[0].path is missing. Pass path as a string.'],
    [
      { init: { cmd: 'node' } },
      `FlyBackend.init.cmd must be a list of strings, but is "node". Pass a list of strings, such as ['node', 'dist/main.js'].`,
    ],
    [
      { env: { FLAME_PARENT: 'x' } },
      'FlyBackend.env.FLAME_PARENT cannot be overridden. Remove it: the pool sets this variable for its runners.',
    ],
    [{ autoSuspend: true }, /^FlyBackend\.autoSuspend is not an option\. The options are: /],
  ])('refuses %o', (options, message) => {
    expect(() => checkFlyOptions(options)).toThrow(message);
  });

  it('documents its defaults', () => {
    const source = readFileSync(join(__dirname, 'fly-options.ts'), 'utf8');
    for (const [name, value] of Object.entries(flyDefaults)) {
      const [, documented] = new RegExp(`@default (\\S+)\\n   \\*/\\n  ${name}\\?:`).exec(source)!;
      expect([name, documented!.replaceAll("'", '')]).toEqual([name, String(value)]);
    }
  });
});

describe('settle', () => {
  it('completes missing options from the environment', () => {
    const settings = settle(checkFlyOptions({ regions: ['ams', 'fra'] }), env);
    expect(settings).toMatchObject({
      app: 'videos',
      regions: ['fra', 'ams'],
      image: 'registry.fly.io/videos:1',
      token: 'FlyV1 secret',
      host: 'https://api.machines.dev',
      parentHostname: 'fdaa::3',
    });
    expect(settle(checkFlyOptions({ region: 'cdg', host: 'http://a' }), { ...env, FLY_API_HOSTNAME: 'http://b' })).toMatchObject({
      regions: ['cdg'],
      host: 'http://a',
    });
  });

  it.each([
    ['app', 'FLY_APP_NAME'],
    ['region', 'FLY_REGION'],
    ['image', 'FLY_IMAGE_REF'],
    ['token', 'FLY_API_TOKEN'],
    ['parentHostname', 'FLY_PRIVATE_IP'],
  ])('refuses a missing %s, and names %s', (option, variable) => {
    expect(() => settle(checkFlyOptions({}), { ...env, [variable]: undefined })).toThrow(
      `FlyBackend.${option} is missing, and ${variable} is not set. `,
    );
  });
});

describe('FlyBackend', () => {
  it('hides its token from inspection', () => {
    const backend = new FlyBackend({ token: 'FlyV1 secret' });
    expect(inspect(backend, { depth: 20, showHidden: true })).not.toContain('secret');
    expect(JSON.stringify(backend)).not.toContain('secret');
  });
});
