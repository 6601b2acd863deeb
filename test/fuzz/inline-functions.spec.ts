import { inspect } from 'node:util';
import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { compile } from '../../libs/flame/src/compile/index.js';
import { threeWays } from '../support/compiled-file.js';
import { generateFile } from './inline/generated-file.js';

/** Set FLAME_FUZZ_FUNCTIONS for longer runs, FLAME_FUZZ_SEED to replay one. */
const wanted = Number(process.env['FLAME_FUZZ_FUNCTIONS'] ?? 2_000);
const first = Number(process.env['FLAME_FUZZ_SEED'] ?? 1);

/** What went wrong with a file, if anything did. `refused`: whether the compiler has to refuse one of its functions. */
async function fault(code: string, refused: boolean): Promise<string | undefined> {
  const output = compile({ code, file: 'src/file.js', format: 'commonjs' });
  const diagnostics = output?.diagnostics ?? [];
  if (diagnostics.length > 0 !== refused) return `refused: ${inspect(diagnostics)}`;
  const { written, inPlace, copy } = await threeWays(code, { output: output?.code });
  const texts = [written, inPlace, ...(refused ? [] : [copy])].map((result) => inspect(result, { depth: null, maxStringLength: null }));
  return new Set(texts).size === 1 ? undefined : texts.join('\n');
}

describe('Generated inline functions', () => {
  it(`return the same in their copies as in place`, { timeout: 60_000 + wanted * 50 }, async () => {
    let count = 0;
    for (let seed = first; count < wanted; seed++) {
      const { code, inline, refused } = generateFile(seed);
      count += inline;
      // Of a file with a function to refuse, esbuild may drop that function: it drops code that cannot run.
      const minified = seed % 8 === 0 && !refused ? transformSync(code, { minify: true, format: 'cjs', target: 'es2022' }).code : code;
      const found = await fault(minified, refused);
      if (found) expect.fail(`FLAME_FUZZ_SEED=${seed} FLAME_FUZZ_FUNCTIONS=1\n${minified}\n${found}`);
    }
    console.log(`${count} inline functions`);
  });
});
