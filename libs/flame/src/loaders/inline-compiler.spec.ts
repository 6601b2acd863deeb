import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InlineCompiler } from './inline-compiler.js';
import { withInlineMap } from './source-map-comment.js';

/** A compiler and files of a package; removed after the test. */
function rig(files: Record<string, string>) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'flame-compiler-')));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries({ 'package.json': '{"name":"app"}', ...files })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  const said: { error: string[]; warning: string[] } = { error: [], warning: [] };
  const compiler = new InlineCompiler({ error: (text) => said.error.push(text), warning: (text) => said.warning.push(text) });
  return { compiler, said, at: (name: string) => join(root, name) };
}

const call = `async function publish(flame, video) {\n  return flame.call('ffmpeg', async () => video.length);\n}\n`;
const wrong = `const { Flame } = require('nestjs-flame'); function publish(app, video) {\n  return app.get(Flame).call('ffmpeg', async () => { video = 2; });\n}\n`;

describe('InlineCompiler', () => {
  it("names functions by the file in its package, and uses the module format's import", () => {
    const { compiler, at } = rig({ 'lib/package.json': '{"type":"module"}' });
    const file = compiler.compile(at('dist/videos.js'), call);
    expect(file?.functions).toMatchObject([{ id: 'dist/videos.js#publish/1', names: ['video'] }]);
    expect(file?.code).toMatch(/^const .*require\("nestjs-flame\/inline"\)/);
    expect(compiler.compile(at('lib/dist/videos.js'), call)?.code).toMatch(/^import /);
    expect(compiler.compile(at('lib/dist/videos.cjs'), call)?.code).toContain('require(');
    expect(compiler.compile(at('dist/videos.js'), call, { format: 'module' })?.code).toMatch(/^import /);
    expect(compiler.compile(at('dist/videos.js'), `import 'a';\n${call}`, { format: 'by syntax' })?.code).toMatch(/^import /);
  });

  it.each([
    ['a file without inline functions', 'dist/a.js', 'a.map((b) => b);'],
    ['an installed package', 'node_modules/a/a.js', call],
  ])('does not change %s', (_, name, code) => {
    const { compiler, at } = rig({ 'node_modules/a/package.json': '{}' });
    expect(compiler.compile(at(name), code)).toBeUndefined();
  });

  it('does not change its own output', () => {
    const { compiler, at } = rig({});
    expect(compiler.compile(at('a.js'), compiler.compile(at('a.js'), call)!.code)).toBeUndefined();
  });

  it('shows errors in the source that the map names, with its lines', () => {
    const map = { version: 3, sources: ['../src/videos.ts'], names: [], mappings: 'AAAA;AACA;AACA' };
    const { compiler, said, at } = rig({ 'src/videos.ts': wrong.replace('(app, video)', '(app: INestApplication, video: number)') });
    compiler.compile(at('dist/videos.js'), withInlineMap(wrong, map));
    expect(said.warning).toEqual([]);
    expect(said.error).toEqual([expect.stringMatching(/^src\/videos\.ts:2:\d+ - error: .*\n[^]*> 2 \| [^]*Fix: /)]);
    expect(said.error[0]).toContain('app: INestApplication, video: number');
  });

  it('warns of files that it cannot parse, and does not change them', () => {
    const { compiler, said, at } = rig({});
    expect(compiler.compile(at('a.js'), `@Injectable() class A { b: string; }\n${call}`)).toBeUndefined();
    expect(said).toEqual({ error: [], warning: [expect.stringMatching(/^a\.js:1:1 - warning: .* cannot read this file/)] });
  });
});
