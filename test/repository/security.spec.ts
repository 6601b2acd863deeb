import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preAuthDefaults } from '../../libs/flame/src/transport/grpc/pre-auth/pre-auth-limits.js';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/security/unauthenticated-clients.md'), 'utf8');

describe('The limits of unauthenticated clients', () => {
  it.each(Object.entries(preAuthDefaults))('has %s in its table, with its default %d', (name, value) => {
    const row = new RegExp(`\\| \`${name}\` +\\| ([\\d ]+?) +\\|`).exec(page);
    expect(Number(row?.[1]?.replaceAll(' ', ''))).toBe(value);
  });
});

/** What may be in an app that installs the library. */
const allowed = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0']);

interface LockedPackage {
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** The library's own dependencies and theirs, as they are locked; its optional peers are the app's choice. */
function installed(): Map<string, LockedPackage> {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, LockedPackage> };
  const found = new Map<string, LockedPackage>();
  const visit = (path: string): void => {
    for (const name of Object.keys(packages[path]?.dependencies ?? {})) {
      const nested = `${path}/node_modules/${name}`;
      const place = packages[nested] ? nested : `node_modules/${name}`;
      if (found.has(place)) continue;
      found.set(place, packages[place]!);
      visit(place);
    }
  };
  visit('libs/flame');
  return found;
}

describe('The packages that an app gets with the library', () => {
  it('have licences that ask for no more than to be named', () => {
    const packages = installed();
    expect(packages.size).toBeGreaterThan(20);
    const others = [...packages].filter(([, { license }]) => !allowed.has(license ?? 'none'));
    expect(others.map(([place, { license }]) => `${place}: ${license}`)).toEqual([]);
  });
});
