import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { nodeBundle } from '../support/node-bundle.js';
import { type PlantedFault, plant } from '../support/planted-fault.js';
import { instrument } from './instrument.js';

/** Vitest and npm both start here. */
const root = process.cwd();

/** What is fuzzed: whatever reads bytes that come from elsewhere. Blocks are counted in these files. */
const fuzzed = /libs\/flame\/src\/(transport\/(protocol|session)|core\/(codec|session))\/[\w-]+\.ts$/;

/** Makes one file of the fuzzer and the library, whose blocks are counted, with a fault planted in it or not; gives its path. */
export async function bundle(name: string, fault?: PlantedFault): Promise<string> {
  const folder = join(root, 'node_modules/.cache/flame-fuzz');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${name}.mjs`);
  let blocks = 0;
  await build({
    entryPoints: [join(root, 'test/fuzz/fuzz-main.ts')],
    ...nodeBundle,
    outfile,
    banner: { js: 'const flameBlocks = (globalThis.flameBlocks ??= new Uint32Array(1 << 13));' },
    plugins: [
      {
        name: 'counted blocks',
        setup: ({ onLoad }) =>
          onLoad({ filter: fuzzed }, ({ path }) => {
            const source = fault && path.endsWith(fault.file) ? plant(fault) : readFileSync(path, 'utf8');
            return { contents: instrument(path, source, () => blocks++), loader: 'ts' };
          }),
      },
    ],
  });
  if (blocks > 1 << 13) throw new Error(`${blocks} blocks are more than are counted`);
  return outfile;
}
