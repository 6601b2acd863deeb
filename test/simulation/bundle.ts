import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { nodeBundle } from '../support/node-bundle.js';
import { type PlantedFault, plant } from '../support/planted-fault.js';

/** The root of the repository: Vitest and npm both start there. */
const root = process.cwd();

/**
 * Bundles the simulation and the library, optionally with a planted fault, into one file in a folder from which Node finds the packages. Returns
 * its path.
 *
 * @throws when the piece to be replaced does not occur exactly once.
 */
export async function bundle(name: string, fault?: PlantedFault): Promise<string> {
  const folder = join(root, 'node_modules/.cache/flame-simulation');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(root, 'test/simulation/search-main.ts')],
    outfile,
    ...nodeBundle,
    plugins: fault
      ? [
          {
            name: 'planted fault',
            setup: ({ onLoad }) =>
              onLoad({ filter: new RegExp(`${fault.file.replaceAll(/[./]/g, '\\$&')}$`) }, () => ({
                contents: plant(fault),
                loader: 'ts',
              })),
          },
        ]
      : [],
  });
  return outfile;
}
