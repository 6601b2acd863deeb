import type { ArchivedAddon } from './archive-format.js';

type Target = Pick<ArchivedAddon, 'platform' | 'arch' | 'libc' | 'modules'>;

/** Machines of ELF headers (System V ABI, e_machine), as `process.arch` calls them. */
const elfMachines: Readonly<Record<number, string>> = {
  3: 'ia32',
  8: 'mips',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};
/** CPU types of Mach-O headers. */
const machCpus: Readonly<Record<number, string>> = { 0x01000007: 'x64', 0x0100000c: 'arm64' };
/** Machines of PE headers. */
const peMachines: Readonly<Record<number, string>> = { 0x014c: 'ia32', 0x8664: 'x64', 0xaa64: 'arm64' };

/**
 * Reads from a native addon what it was built for. Fields that cannot be told are absent. `modules` is the version of Node's interface for
 * addons here, for which an addon without Node-API was built.
 */
export function addonTarget(addon: Buffer, modules: string = process.versions.modules): Target {
  const target = elf(addon) ?? machO(addon) ?? pe(addon) ?? {};
  return usesNodeApi(addon) ? target : { ...target, modules };
}

/** An addon has one of these names, which Node looks up or which the addon calls. */
function usesNodeApi(addon: Buffer): boolean {
  return addon.includes('napi_register_module_v1') || addon.includes('napi_module_register');
}

function elf(addon: Buffer): Target | undefined {
  if (addon.length < 20 || addon.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const machine = addon[5] === 2 ? addon.readUInt16BE(18) : addon.readUInt16LE(18);
  // The names of the libraries that it needs are texts in its dynamic section.
  const libc = addon.includes('\0libc.musl-') ? 'musl' : addon.includes('\0libc.so.6\0') ? 'glibc' : undefined;
  return { platform: 'linux', arch: elfMachines[machine] ?? `ELF machine ${machine}`, ...(libc && { libc }) };
}

function machO(addon: Buffer): Target | undefined {
  if (addon.length < 8) return undefined;
  // A universal file has several architectures, so its architecture says nothing.
  if (addon.readUInt32BE(0) === 0xcafebabe) return { platform: 'darwin' };
  if (addon.readUInt32LE(0) !== 0xfeedfacf) return undefined;
  const cpu = addon.readUInt32LE(4);
  return { platform: 'darwin', arch: machCpus[cpu] ?? `Mach-O CPU ${cpu}` };
}

function pe(addon: Buffer): Target | undefined {
  if (addon.length < 64 || addon.toString('latin1', 0, 2) !== 'MZ') return undefined;
  const at = addon.readUInt32LE(60);
  if (at + 6 > addon.length || addon.toString('latin1', at, at + 4) !== 'PE\0\0') return undefined;
  const machine = addon.readUInt16LE(at + 4);
  return { platform: 'win32', arch: peMachines[machine] ?? `PE machine ${machine}` };
}
