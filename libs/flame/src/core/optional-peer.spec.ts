import { describe, expect, it } from 'vitest';
import { importPeer } from './optional-peer.js';

describe('importPeer', () => {
  it('returns the library', async () => {
    expect(await importPeer('SomeBackend', 'node:path', () => import('node:path'))).toHaveProperty('join');
  });

  it('names the package to install if it is missing', async () => {
    const name = 'nestjs-flame-no-such-library';
    // As Node says it; vitest resolves imports itself and words this in another way.
    const load = () =>
      Promise.reject(Object.assign(new Error(`Cannot find package '${name}' imported from /app/x.js`), { code: 'ERR_MODULE_NOT_FOUND' }));
    await expect(importPeer('SomeBackend', name, load)).rejects.toMatchObject({
      code: 'FLAME_CONFIG',
      message: `SomeBackend needs the package ${name}, which is not installed. Install it beside nestjs-flame: npm install ${name}`,
    });
  });

  it('passes on the error of a library that lacks a module itself', async () => {
    const load = () =>
      Promise.reject(Object.assign(new Error("Cannot find package 'inner' imported from it"), { code: 'ERR_MODULE_NOT_FOUND' }));
    await expect(importPeer('SomeBackend', 'outer', load)).rejects.toMatchObject({
      code: 'FLAME_CONFIG',
      message: "SomeBackend cannot load outer: Cannot find package 'inner' imported from it",
    });
  });
});
