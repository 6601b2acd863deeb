import { chmodSync, mkdtempSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import nodeModule from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileCacheFolder, withCompileCache } from './compile-cache.js';

const supported = 'enableCompileCache' in nodeModule;

describe('compileCacheFolder', () => {
  let temp: string;
  beforeEach(() => {
    temp = mkdtempSync(join(tmpdir(), 'flame-cache-'));
    // What a Node with a compile cache has; this one may be older.
    if (!supported) Object.assign(nodeModule, { enableCompileCache: true });
  });
  afterEach(() => {
    if (!supported) delete (nodeModule as { enableCompileCache?: unknown }).enableCompileCache;
    rmSync(temp, { recursive: true });
  });

  it('is a folder private to this user, the same each time', () => {
    const folder = compileCacheFolder(temp)!;
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(compileCacheFolder(temp)).toBe(folder);
  });

  it('is undefined if Node has no compile cache', () => {
    if (supported) return expect(compileCacheFolder(temp)).toBeDefined();
    delete (nodeModule as { enableCompileCache?: unknown }).enableCompileCache;
    expect(compileCacheFolder(temp)).toBeUndefined();
  });

  it('is undefined if other users may write to it', () => {
    chmodSync(compileCacheFolder(temp)!, 0o777);
    expect(compileCacheFolder(temp)).toBeUndefined();
  });

  it('is undefined if a file or link has its path', () => {
    const folder = compileCacheFolder(temp)!;
    rmSync(folder, { recursive: true });
    mkdirSync(join(temp, 'planted'));
    symlinkSync(join(temp, 'planted'), folder);
    expect(compileCacheFolder(temp)).toBeUndefined();
    rmSync(folder);
    writeFileSync(folder, '');
    expect(compileCacheFolder(temp)).toBeUndefined();
  });
});

describe('withCompileCache', () => {
  it("leaves the user's compile cache and coverage alone", () => {
    expect(withCompileCache({ NODE_COMPILE_CACHE: '/cache' })).toEqual({ NODE_COMPILE_CACHE: '/cache' });
    expect(withCompileCache({ NODE_V8_COVERAGE: '/coverage' })).toEqual({ NODE_V8_COVERAGE: '/coverage' });
  });

  it('sets the folder if Node has such a cache', () => {
    expect(Object.keys(withCompileCache({ A: '1' }))).toEqual(supported ? ['A', 'NODE_COMPILE_CACHE'] : ['A']);
  });
});
