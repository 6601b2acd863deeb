import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compileFolders } from './compile.js';
import type { CompileOptions } from './compile.js';

const call = `async function publish(flame, video) {\n  return flame.call('ffmpeg', async () => video.length);\n}\n`;
const wrong = `const { Flame } = require('nestjs-flame'); function publish(app, video) {\n  return app.get(Flame).call('ffmpeg', async () => { video = 2; });\n}\n`;
const map = JSON.stringify({ version: 3, sources: ['../src/videos.ts'], names: [], mappings: 'AAAA;AACA;AACA' });
const inline = `data:application/json;base64,${Buffer.from(map).toString('base64')}`;

/** A package's folder `dist`; removed after the test. */
function dist(files: Record<string, string>, manifest = {}) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'flame-compile-')));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  write('package.json', JSON.stringify(manifest));
  for (const [name, text] of Object.entries(files)) write(`dist/${name}`, text);
  const said: string[] = [];
  return {
    said,
    read: (name: string) => readFileSync(join(root, 'dist', name), 'utf8'),
    at: (name: string) => join(root, 'dist', name),
    compile: (options: CompileOptions = {}, ...names: string[]) =>
      compileFolders(names.length > 0 ? names.map((name) => join(root, name)) : [join(root, 'dist')], options, (text) => said.push(text)),
  };
}

describe('nestjs-flame compile', () => {
  it('compiles the JavaScript of a folder, each file as Node runs it', async () => {
    const { compile, read, said } = dist(
      { 'a.js': call, 'b/b.cjs': call, 'b/c.mjs': call, 'old/package.json': '{"type":"commonjs"}', 'old/d.js': call, 'e.js': 'e();' },
      { type: 'module' },
    );
    expect(await compile()).toBe(0);
    for (const file of ['a.js', 'b/c.mjs']) expect(read(file)).toMatch(/^import .* from ['"]nestjs-flame\/inline['"]/);
    for (const file of ['b/b.cjs', 'old/d.js']) expect(read(file)).toMatch(/^const .*require\(['"]nestjs-flame\/inline['"]\)/);
    expect(read('e.js')).toBe('e();');
    expect(said).toEqual([expect.stringMatching(/^compiled 4 inline functions in 4 of 5 files \(\d+\.\d s\)$/)]);
  });

  it('changes nothing the second time', async () => {
    const { compile, read, said } = dist({ 'a.js': `${call}//# sourceMappingURL=a.js.map\n`, 'a.js.map': map });
    await compile();
    const once = [read('a.js'), read('a.js.map')];
    expect(await compile()).toBe(0);
    expect([read('a.js'), read('a.js.map')]).toEqual(once);
    expect(said[1]).toMatch(/^compiled 0 inline functions in 0 of 1 file /);
  });

  it('rewrites existing source maps', async () => {
    const files = {
      'a.js': `${call}//# sourceMappingURL=maps/a.map\n`,
      'maps/a.map': map,
      'b.js': `${call}//# sourceMappingURL=${inline}`,
      'c.js': call,
    };
    const { compile, read, at } = dist(files);
    await compile();
    expect(read('a.js')).toMatch(/\n\/\/# sourceMappingURL=maps\/a\.map\n$/);
    const written = JSON.parse(read('maps/a.map')) as { sources: string[]; mappings: string };
    expect(written.sources).toEqual(['../src/videos.ts']);
    expect(written.mappings).not.toBe('AAAA;AACA;AACA');
    const [, inCode] = /\n\/\/# sourceMappingURL=data:application\/json;charset=utf-8;base64,(\S+)\n$/.exec(read('b.js'))!;
    expect(JSON.parse(Buffer.from(inCode!, 'base64').toString())).toMatchObject({ sources: ['../src/videos.ts'] });
    expect(read('c.js')).not.toContain('sourceMappingURL');
    expect(readdirSync(at('.')).sort()).toEqual(['a.js', 'b.js', 'c.js', 'maps']);
  });

  it('keeps the mode of a file', async () => {
    const { compile, at } = dist({ 'cli.js': `#!/usr/bin/env node\n${call}` });
    chmodSync(at('cli.js'), 0o755);
    await compile();
    expect(statSync(at('cli.js')).mode & 0o777).toBe(0o755);
    expect(readFileSync(at('cli.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('skips packages, hidden folders and other files', async () => {
    const others = { 'node_modules/a/a.js': call, '.cache/a.js': call, 'a.ts': call, 'a.js.bak': call };
    const { compile, read, said } = dist(others);
    expect(await compile()).toBe(0);
    for (const name of Object.keys(others)) expect(read(name)).toBe(call);
    expect(said).toEqual([expect.stringMatching(/^compiled 0 inline functions in 0 of 0 files/)]);
  });

  it('compiles packages that depend on this library', async () => {
    const needs = JSON.stringify({ name: 'jobs', peerDependencies: { 'nestjs-flame': '*' } });
    const { compile, read } = dist({ 'node_modules/@a/jobs/package.json': needs, 'node_modules/@a/jobs/lib/a.js': call });
    expect(await compile()).toBe(0);
    expect(read('node_modules/@a/jobs/lib/a.js')).toContain('jobs/lib/a.js#publish/1');
  });

  it('accepts single files, such as a bundle', async () => {
    const { compile, read } = dist({ 'main.js': call, 'other.js': call });
    await compile({}, 'dist/main.js');
    expect(read('main.js')).toContain('dist/main.js#publish/1');
    expect(read('other.js')).toBe(call);
  });

  it('reports all errors, and then changes no file', async () => {
    const { compile, read, said } = dist({ 'a.js': call, 'b.js': wrong, 'c.js': wrong });
    expect(await compile()).toBe(1);
    expect(said.slice(0, -1)).toEqual([
      expect.stringMatching(/^dist\/b\.js:2:\d+ - error: [^]*> 2 \| .*\n[^]*Fix: .*\n$/),
      expect.stringMatching(/^dist\/c\.js:2:\d+ - error: /),
    ]);
    expect(said.at(-1)).toMatch(/^2 errors in 3 files; no file was changed/);
    expect(read('a.js')).toBe(call);
  });

  it('changes no file with --check', async () => {
    const good = dist({ 'a.js': call });
    expect(await good.compile({ check: true })).toBe(0);
    expect(good.read('a.js')).toBe(call);
    expect(good.said).toEqual([expect.stringMatching(/^checked 1 inline function in 1 of 1 file /)]);
    expect(await dist({ 'a.js': wrong }).compile({ check: true })).toBe(1);
  });

  it('refuses a folder that does not exist, by its name', async () => {
    const { compile, said, at } = dist({});
    const folder = dirname(at('any'));
    expect(await compile()).toBe(2);
    expect(said).toEqual([
      `there is no ${folder}: build the app first, or give the folder of its JavaScript, as in npx nestjs-flame compile dist`,
    ]);
  });
});
