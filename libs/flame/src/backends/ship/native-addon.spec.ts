import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { addonTarget } from './native-addon.js';

const napi = 'napi_register_module_v1';

function elf(machine: number, more = '', bits = 1): Buffer {
  const head = Buffer.alloc(20);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, bits]);
  if (bits === 2) head.writeUInt16BE(machine, 18);
  else head.writeUInt16LE(machine, 18);
  return Buffer.concat([head, Buffer.from(more)]);
}

function machO(cpu: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0xfeedfacf, 0);
  head.writeUInt32LE(cpu, 4);
  return Buffer.concat([head, Buffer.from(napi)]);
}

function pe(machine: number): Buffer {
  const file = Buffer.alloc(80);
  file.write('MZ');
  file.writeUInt32LE(64, 60);
  file.write('PE\0\0', 64);
  file.writeUInt16LE(machine, 68);
  return Buffer.concat([file, Buffer.from(napi)]);
}

describe('addonTarget', () => {
  it.each([
    ['Linux, glibc', elf(62, `\0libc.so.6\0${napi}`), { platform: 'linux', arch: 'x64', libc: 'glibc' }],
    ['Linux, musl', elf(183, `\0libc.musl-aarch64.so.1\0${napi}`), { platform: 'linux', arch: 'arm64', libc: 'musl' }],
    ['Linux, without a C library', elf(62, napi), { platform: 'linux', arch: 'x64' }],
    ['Linux, big-endian', elf(22, napi, 2), { platform: 'linux', arch: 's390x' }],
    ['Linux, without Node-API', elf(62, '\0libc.so.6\0'), { platform: 'linux', arch: 'x64', libc: 'glibc', modules: '115' }],
    ['macOS', machO(0x0100000c), { platform: 'darwin', arch: 'arm64' }],
    ['macOS, universal', Buffer.concat([Buffer.from('cafebabe00000002', 'hex'), Buffer.from(napi)]), { platform: 'darwin' }],
    ['Windows', pe(0x8664), { platform: 'win32', arch: 'x64' }],
    ['another file', Buffer.from(napi), {}],
    ['an empty file', Buffer.alloc(0), { modules: '115' }],
  ])('%s', (_, addon, target) => {
    expect(addonTarget(addon, '115')).toEqual(target);
  });

  it('reads a real addon', () => {
    const from = createRequire(createRequire(__filename).resolve('msgpackr-extract'));
    const addon = readFileSync(from.resolve(`@msgpackr-extract/msgpackr-extract-${process.platform}-${process.arch}/node.napi.glibc.node`));
    expect(addonTarget(addon)).toEqual({ platform: process.platform, arch: process.arch, libc: 'glibc' });
  });
});
