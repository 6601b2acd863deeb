import { inspect } from 'node:util';
import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { compile } from '../../libs/flame/src/compile/index.js';
import { threeWays } from '../support/compiled-file.js';
import { generateFile, type GeneratedFile } from './inline/generated-file.js';

/** Set FLAME_FUZZ_FUNCTIONS for longer runs, FLAME_FUZZ_SEED to replay one. */
const wanted = Number(process.env['FLAME_FUZZ_FUNCTIONS'] ?? 2_000);
const first = Number(process.env['FLAME_FUZZ_SEED'] ?? 1);

/** What went wrong with a file, if anything did. */
async function fault({ code, format, refused }: GeneratedFile): Promise<string | undefined> {
  const output = compile({ code, file: 'src/file.js', format });
  const diagnostics = output?.diagnostics ?? [];
  if (diagnostics.length > 0 !== refused) return `refused: ${inspect(diagnostics)}`;
  const { written, inPlace, copy } = await threeWays(code, { format, output: output?.code });
  const texts = [written, inPlace, ...(refused ? [] : [copy])].map((result) => inspect(result, { depth: null, maxStringLength: null }));
  return new Set(texts).size === 1 ? undefined : texts.join('\n');
}

const minified = (code: string): string => transformSync(code, { minify: true, format: 'cjs', target: 'es2022' }).code;

describe('Generated inline functions', () => {
  it(`return the same in their copies as in place`, { timeout: 60_000 + wanted * 50 }, async () => {
    let count = 0;
    for (let seed = first; count < wanted; seed++) {
      const file = generateFile(seed);
      count += file.inline;
      // esbuild drops code that cannot run, so also functions that the compiler has to refuse.
      const given = seed % 8 === 0 && !file.refused ? { ...file, code: minified(file.code) } : file;
      const found = await fault(given);
      if (found) expect.fail(`FLAME_FUZZ_SEED=${seed} FLAME_FUZZ_FUNCTIONS=1\n${given.code}\n${found}`);
    }
    console.log(`${count} inline functions`);
  });
});
