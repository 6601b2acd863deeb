import { describe, expect, it } from 'vitest';
import { configExitCode } from '../../../core/errors/config-exit-code.js';
import type { ArchivedAddon } from '../archive-format.js';
import { checkAddons, thisMachine } from './fitting-addons.js';
import type { ThisMachine } from './fitting-addons.js';

const machine: ThisMachine = { platform: 'linux', arch: 'x64', libc: 'glibc', modules: '137' };
const sharp = (more: Partial<ArchivedAddon>): ArchivedAddon => ({
  path: 'node_modules/@img/sharp/sharp.node',
  package: 'sharp',
  platform: 'linux',
  arch: 'x64',
  ...more,
});

describe('checkAddons', () => {
  it.each([
    ['an addon for this machine', [sharp({ libc: 'glibc' })]],
    ['one of several that fits', [sharp({ platform: 'darwin' }), sharp({ libc: 'musl' }), sharp({ libc: 'glibc' })]],
    ['an addon that names no libc', [sharp({})]],
    ["an addon for this version of Node's interface", [sharp({ modules: '137' })]],
    ['an addon for another machine, if the package works without', [sharp({ platform: 'darwin', optional: true })]],
  ])('accepts %s', (_, addons) => {
    expect(() => checkAddons(addons, machine)).not.toThrow();
  });

  it.each([
    ['platform', { platform: 'darwin', arch: 'arm64' }, 'sharp (node_modules/@img/sharp/sharp.node is for darwin arm64)'],
    ['architecture', { arch: 'arm64' }, 'is for linux arm64'],
    ['libc', { libc: 'musl' as const }, 'is for linux x64 musl'],
    ["version of Node's interface", { modules: '115' }, "is for linux x64 Node's addon interface 115"],
  ])('refuses an addon for another %s by the name of its package, with the fix', (_, more, words) => {
    const check = (): void => checkAddons([sharp(more)], machine);
    expect(check).toThrow(words);
    expect(check).toThrow('npm install --os=linux --cpu=x64 --libc=glibc sharp');
    expect(check).toThrow(expect.objectContaining({ exitCode: configExitCode }));
  });

  it('knows this machine', () => {
    expect(thisMachine()).toMatchObject({
      platform: process.platform,
      arch: process.arch,
      libc: 'glibc',
      modules: process.versions.modules,
    });
  });
});
