import { describe, expect, it } from 'vitest';
import { FlameError } from '../../core/errors/flame-error.js';
import type { ParentInfo } from '../../core/parent-info.js';
import { takeParentInfo } from './parent-env.js';

const info: ParentInfo = {
  pool: 'ffmpeg',
  runner: 'ffmpeg-a1-1',
  parent: 'a1',
  backend: 'process',
  address: 'unix:/tmp/x/parent.sock',
  token: 'secret-token',
  version: '0.1.0',
  digest: 'abc',
  maxConcurrency: 5,
  bootTimeout: 30_000,
  shutdownTimeout: 30_000,
  reconnectTimeout: 5_000,
  maxPayload: 1_000,
};

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

describe('takeParentInfo', () => {
  it('returns null if FLAME_PARENT is not set', () => {
    expect(takeParentInfo({})).toBeNull();
  });

  it('reads the variable that a pool has set, and deletes it from the environment', () => {
    const env = { FLAME_PARENT: base64(JSON.stringify(info)), OTHER: 'stays' };
    expect(takeParentInfo(env)).toEqual(info);
    expect(env).toEqual({ OTHER: 'stays' });
  });

  it('reads times without limit, which JSON cannot represent', () => {
    const env = { FLAME_PARENT: base64(JSON.stringify({ ...info, bootTimeout: Infinity })) };
    expect(takeParentInfo(env)?.bootTimeout).toBe(Infinity);
  });

  it.each([
    ['empty', '', 'FLAME_PARENT is not base64'],
    ['not base64', '{"pool":1}', 'FLAME_PARENT is not base64'],
    ['not JSON', base64('secret-token'), 'FLAME_PARENT is base64, but does not contain JSON'],
    ['not an object', base64('[1]'), 'FLAME_PARENT does not contain a JSON object'],
    [
      'incomplete',
      base64(JSON.stringify({ ...info, token: '', digest: undefined, maxPayload: '1' })),
      'FLAME_PARENT has no valid value for token, digest, maxPayload',
    ],
  ])('refuses one that is %s with the fix, and does not show its content', (_, value, problem) => {
    const env = { FLAME_PARENT: value };
    const error = thrownBy(() => takeParentInfo(env));
    expect(error).toBeInstanceOf(FlameError);
    expect(error.code).toBe('FLAME_CONFIG');
    expect(error.message).toBe(`${problem}. Unset it to start the app as a parent; a pool sets it for the runners that it boots.`);
    expect(error).not.toHaveProperty('cause');
    expect(env).toEqual({});
  });
});

function thrownBy(task: () => unknown): FlameError {
  try {
    task();
  } catch (error) {
    return error as FlameError;
  }
  throw new Error('nothing was thrown');
}
