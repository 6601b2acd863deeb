import { describe, expect, it } from 'vitest';
import type { BootRequest } from '../backend.js';
import { loaderCommand } from '../ship/loader-command.js';
import { flyCreateBody } from './fly-create.js';
import { checkFlyOptions, settle } from './fly-options.js';
import type { FlyBackendOptions } from './fly-options.js';

const env = { FLY_APP_NAME: 'a', FLY_REGION: 'fra', FLY_IMAGE_REF: 'node:26', FLY_API_TOKEN: 't', FLY_PRIVATE_IP: 'fdaa::3' };
const request = { runner: 'p-1', pool: 'p', parent: 'x', shutdownTimeout: 1_000 } as BootRequest;

function initOf(options: FlyBackendOptions): unknown {
  const body = flyCreateBody(settle(checkFlyOptions(options), env), 'fra', request, { flameParent: 'f', origin: undefined });
  return (body as { config: { init?: unknown } }).config.init;
}

describe('flyCreateBody', () => {
  it("starts the loader with shipCode, in place of the commands of init and of the image's, and keeps the rest of init", () => {
    expect(initOf({ shipCode: true })).toEqual({ exec: loaderCommand() });
    expect(initOf({ shipCode: true, init: { cmd: ['a'], entrypoint: ['b'], swapSizeMb: 512 } })).toEqual({
      exec: loaderCommand(),
      swap_size_mb: 512,
      tty: false,
    });
    expect(initOf({})).toBeUndefined();
    expect(initOf({ init: { cmd: ['a'] } })).toMatchObject({ cmd: ['a'] });
  });
});
