import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { nodeBundle } from '../support/node-bundle.js';
import { type PlantedFault, plant } from '../support/planted-fault.js';

/** Vitest and npm both start here. */
const root = process.cwd();

/**
 * Makes one file of the simulation and the library, with a fault planted in it or not, where node finds the packages; gives its path.
 *
 * @throws when the piece to be replaced is not in the file exactly once.
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
