import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failure } from '../../../test/support/failure.js';
import { version } from './core/version.js';
import { loadOnce } from './library.js';
import { packageFolder } from './system/package-folder.js';

const key = Symbol.for('nestjs-flame');
const globals = globalThis as { [key]?: unknown };

beforeEach(() => void delete globals[key]);
afterEach(() => void delete globals[key]);

describe('loadOnce', () => {
  it('returns the exports of the first load of the same copy', () => {
    const first = { index: {} };
    expect(loadOnce(first, {}, {})).toBe(first);
    expect(loadOnce({ index: {} }, {}, {})).toBe(first);
  });

  it('refuses another copy, and names both and the fix', async () => {
    loadOnce({}, {}, {}, '/app/node_modules/nestjs-flame');
    const places = ['/app/node_modules/nestjs-flame', '/app/packages/videos/node_modules/nestjs-flame'].map(
      (path) => `version ${version} in ${path}`,
    );
    const error = await failure((async () => loadOnce({}, {}, {}, '/app/packages/videos/node_modules/nestjs-flame'))());
    expect(error).toMatchObject({ code: 'FLAME_CONFIG' });
    expect(error.message).toContain(places.join(' and '));
    expect(error.message).toContain('npm dedupe');
  });

  it('stores nothing else on globalThis', () => {
    const before = Reflect.ownKeys(globalThis);
    loadOnce({}, {}, {});
    expect(Reflect.ownKeys(globalThis).filter((name) => !before.includes(name))).toEqual([key]);
  });
});

describe('packageFolder', () => {
  it("is this package's folder", () => expect(packageFolder()).toBe(join(__dirname, '..')));
});
