import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../core/manifest.js';
import { manifestDifference } from './manifest-difference.js';

/** A manifest of handlers, of which those in `code` are inline functions. */
function manifest(handlers: readonly string[], code: Record<string, string> = {}): Manifest {
  const digests = Object.keys(code).length > 0 ? handlers.map((name) => code[name] ?? '') : undefined;
  return { version: '1.0.0', protocol: 1, handlers, digest: JSON.stringify([handlers, digests]), ...(digests && { code: digests }) };
}

const inline = { 'Videos.publish/1': 'c1', 'dist/seed.js#seed/1': 'c2', 'dist/seed.js#seed/2': 'c3', 'dist/tools.mjs#module/1': 'c4' };
const publish = manifest(['Videos.cut', 'Videos.publish/1'], inline);

describe('manifestDifference', () => {
  it('is undefined for two copies of one app', () => {
    expect(manifestDifference('r', publish, manifest([...publish.handlers], inline))).toBeUndefined();
  });

  it('names the files of inline functions that only one side has loaded, and the fix', () => {
    const more = manifest([...publish.handlers, 'dist/seed.js#seed/1', 'dist/seed.js#seed/2', 'dist/tools.mjs#module/1'], inline);
    expect(manifestDifference('r', publish, more)).toBe(
      'runner r does not match its parent: only the parent has the handlers dist/seed.js#seed/1, dist/seed.js#seed/2, dist/tools.mjs#module/1. ' +
        'Run the same build of the app on both sides. If only the parent loads dist/seed.js, dist/tools.mjs: import such files at the top of a file ' +
        "that the app's root module imports, so that both sides load them.",
    );
    expect(manifestDifference('r', more, publish)).toMatch(
      /only the runner has .*If only the runner loads dist\/seed\.js, dist\/tools\.mjs: /,
    );
  });

  it('suggests compiling to a side without inline functions', () => {
    const plain = manifest(['Videos.cut']);
    expect(manifestDifference('r', plain, publish)).toBe(
      'runner r does not match its parent: only the parent has the handler Videos.publish/1. Run the same build of the app on both sides. ' +
        'The runner has no inline functions at all. If its files were not compiled, start it with `--import nestjs-flame/register`, or run ' +
        '`npx nestjs-flame compile` after its build.',
    );
    expect(manifestDifference('r', publish, plain)).toContain('The parent has no inline functions at all. ');
  });

  it('names another compiler as a possible cause of different code', () => {
    const other = manifest(publish.handlers, { ...inline, 'Videos.publish/1': 'changed' });
    expect(manifestDifference('r', other, publish)).toBe(
      'runner r does not match its parent: it has other code for the handler Videos.publish/1. Run the same build of the app on both sides. ' +
        'Compile both with the same compiler: tsc, swc and esbuild make different code of the same source.',
    );
  });

  it('has no such hint for methods', () => {
    const text = manifestDifference('r', manifest(['Videos.cut']), manifest(['Videos.cut', 'Videos.join', 'a.js']));
    expect(text).toBe(
      'runner r does not match its parent: only the parent has the handlers Videos.join, a.js. Run the same build of the app on both sides.',
    );
  });
});
