import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createTransformer } from './transformer.js';

const call = `async function publish(flame, video) {\n  return flame.call('ffmpeg', async () => video.length);\n}\n`;
const wrong = `const { Flame } = require('nestjs-flame'); function publish(app, video) {\n  return app.get(Flame).call('ffmpeg', async () => { video = 2; });\n}\n`;
const given = { config: { rootDir: '/app' }, configString: '{}', instrument: false, supportsStaticESM: false, transformerConfig: {} };

/** A project with a transformer of its own; removed after the test. */
function project(transformer: string, name = 'own.js'): { folder: string; path: string } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flame-jest-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), transformer);
  writeFileSync(join(folder, 'package.json'), '{}');
  return { folder, path: join(folder, 'videos.js') };
}

/** Says the options that it gets in the code, and takes `: string` out of it. */
const factory = `module.exports = { createTransformer: (options) => ({
  canInstrument: true,
  getCacheKey: (code, path, given) => code.length + JSON.stringify(given.transformerConfig),
  process: (code, path, given) => ({ code: code.replace(': string', '') + '// ' + JSON.stringify([options, given.transformerConfig]) }),
}) };`;

describe('createTransformer', () => {
  it("compiles the output of the project's own transformer, with its options", async () => {
    const { folder, path } = project(factory);
    const own = await createTransformer({ transform: ['./own.js', { fast: true }] }, folder);
    const { code } = own.process!(call.replace('video)', 'video: string)'), path, given);
    expect(code).toMatch(/^const .*require\("nestjs-flame\/inline"\)/);
    expect(code).toContain('// [{"fast":true},{"fast":true}]');
    expect(own.canInstrument).toBe(true);
  });

  it.each([
    ['a plain object', 'module.exports = { process: (code) => ({ code }) };', 'own.js'],
    ['a default export', 'exports.__esModule = true; exports.default = { process: (code) => ({ code }) };', 'own.cjs'],
    ['an ES module', 'export default { createTransformer: async () => ({ process: (code) => ({ code }) }) };', 'own.mjs'],
  ])('accepts a transformer that is %s', async (_, text, name) => {
    const { folder, path } = project(text, name);
    const own = await createTransformer({ transform: `./${name}` }, folder);
    expect(own.process!(call, path, given).code).toContain('videos.js#publish/1');
  });

  it('compiles files directly without one, as ES modules if Jest loads them so', async () => {
    const { folder, path } = project('');
    const own = await createTransformer({}, folder);
    expect(own.process!(call, path, { ...given, supportsStaticESM: true }).code).toMatch(/^import /);
    expect(own.process!('a();', path, given)).toEqual({ code: 'a();' });
  });

  it('waits for an asynchronous transformer', async () => {
    const { folder, path } = project('exports.processAsync = async (code) => ({ code }); exports.getCacheKeyAsync = async () => "k";');
    const own = await createTransformer({ transform: './own.js' }, folder);
    expect(own.process).toBeUndefined();
    expect((await own.processAsync!(call, path, given)).code).toContain('videos.js#publish/1');
    expect(await own.getCacheKeyAsync!(call, path, given)).toMatch(/^[0-9a-f]{32}$/);
  });

  it("has a cache key made of the file, Jest's options and the inner transformer", async () => {
    const { folder, path } = project(factory);
    const keyOf = async (fast: boolean, code = call, at = path, more = {}) =>
      (await createTransformer({ transform: ['./own.js', { fast }] }, folder)).getCacheKey!(code, at, { ...given, ...more });
    const keys = await Promise.all([
      keyOf(true),
      keyOf(false),
      keyOf(true, `${call} `),
      keyOf(true, call, `${path}x`),
      keyOf(true, call, path, { instrument: true }),
      keyOf(true, call, path, { supportsStaticESM: true }),
      keyOf(true, call, path, { configString: '{"a":1}' }),
    ]);
    expect(new Set(keys).size).toBe(7);
    expect(await keyOf(true)).toBe(keys[0]);
  });

  it('has another cache key in another version of this library', async () => {
    const { folder, path } = project('');
    const keyOf = async (create: typeof createTransformer) => (await create({}, folder)).getCacheKey!(call, path, given);
    vi.resetModules();
    vi.doMock('../../core/version.js', () => ({ version: '9.9.9' }));
    const later = await import('./transformer.js');
    vi.doUnmock('../../core/version.js');
    expect(await keyOf(later.createTransformer)).not.toBe(await keyOf(createTransformer));
  });

  it('fails a file with a function that cannot run elsewhere', async () => {
    const { folder, path } = project('');
    const own = await createTransformer({}, folder);
    expect(() => own.process!(wrong, path, given)).toThrow(/videos\.js:2:\d+ - error/);
  });

  it('names a transformer that does not exist', async () => {
    const { folder } = project('');
    await expect(createTransformer({ transform: 'ts-jest' }, folder)).rejects.toMatchObject({
      code: 'FLAME_CONFIG',
      message: expect.stringContaining('finds no transformer ts-jest'),
    });
  });
});
