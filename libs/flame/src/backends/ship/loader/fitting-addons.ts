import { readFileSync } from 'node:fs';
import type { ArchivedAddon } from '../archive-format.js';
import { LoaderError } from './loader-error.js';

export type ThisMachine = Required<Pick<ArchivedAddon, 'platform' | 'arch' | 'modules'>> & Pick<ArchivedAddon, 'libc'>;

/** What native addons have to be built for to run in this process. */
export function thisMachine(): ThisMachine {
  const libc = process.platform === 'linux' ? ownLibc() : undefined;
  return { platform: process.platform, arch: process.arch, modules: process.versions.modules, ...(libc && { libc }) };
}

/**
 * Checks that each package with native addons has one for this machine. Packages that others work without do not count.
 *
 * @throws {LoaderError} that names the packages, before anything of the app runs.
 */
export function checkAddons(addons: readonly ArchivedAddon[], machine = thisMachine()): void {
  const needed = new Map<string, ArchivedAddon[]>();
  for (const addon of addons) if (!addon.optional) needed.set(addon.package, [...(needed.get(addon.package) ?? []), addon]);
  const wrong = [...needed].filter(([, list]) => !list.some((addon) => fits(addon, machine)));
  if (wrong.length === 0) return;
  const names = wrong.map(([name, list]) => `${name} (${list[0]!.path} is for ${describe(list[0]!)})`);
  throw new LoaderError(
    `this machine is ${describe(machine)}, and these packages have no native addon for it: ${names.join(', ')}. ` +
      `Install them for the machine beside the parent: npm install --os=${machine.platform} --cpu=${machine.arch}${machine.libc ? ` --libc=${machine.libc}` : ''} ${wrong.map(([name]) => name).join(' ')}`,
    true,
  );
}

function fits(addon: ArchivedAddon, machine: ThisMachine): boolean {
  const same = (key: 'platform' | 'arch' | 'libc' | 'modules'): boolean =>
    addon[key] === undefined || machine[key] === undefined || addon[key] === machine[key];
  return same('platform') && same('arch') && same('libc') && same('modules');
}

function describe({ platform, arch, libc, modules }: Partial<ThisMachine>): string {
  const words = [platform, arch, libc, modules && `Node's addon interface ${modules}`];
  return words.filter((word) => word !== undefined && word !== '').join(' ');
}

/** The C library that this process has loaded. */
function ownLibc(): 'glibc' | 'musl' | undefined {
  try {
    const maps = readFileSync('/proc/self/maps', 'utf8');
    if (/\/ld-musl-/.test(maps)) return 'musl';
    return /\/libc(?:\.so\.6|-2\.\d+\.so)$/m.test(maps) ? 'glibc' : undefined;
  } catch {
    return undefined;
  }
}
