import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AppBuild } from '../launch/app-build.js';
import { bundleFolder } from '../launch/runner-bundle.js';
import { RunnerStart } from './runner-start.js';

/** A built app with a manifest of a bundle. */
function builtApp(more: object = {}): { main: string; start: RunnerStart; said: string[]; choose: (...flags: string[]) => string } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flame-start-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'dist'));
  writeFileSync(join(folder, 'package.json'), '{}');
  const main = join(folder, 'dist/main.js');
  writeFileSync(main, 'start();');
  const build = AppBuild.read(main)!;
  const bundle = bundleFolder(build);
  mkdirSync(bundle, { recursive: true });
  const manifest = {
    format: 1,
    build: build.digest,
    start: 'start.cjs',
    code: 'x.cjs',
    node: '',
    external: {},
    packages: {},
    disk: {},
    modules: [],
    files: {},
  };
  writeFileSync(join(bundle, 'manifest.json'), JSON.stringify({ ...manifest, ...more }));
  for (const name of ['start.cjs', 'x.cjs']) writeFileSync(join(bundle, name), '');
  const said: string[] = [];
  const log = { log: (text: string) => said.push(text), warn: (text: string) => said.push(`WARN ${text}`) };
  const start = new RunnerStart();
  const choose = (...flags: string[]): string => {
    const { file, flags: kept, script, args } = start.choose({ file: 'node', flags, script: main, args: ['--port'] }, {}, log);
    return [file, ...kept, script.slice(folder.length + 1), ...args].join(' ');
  };
  return { main, start, said, choose };
}

describe('RunnerStart', () => {
  it('starts from the bundle of the build on disk, and says nothing', () => {
    const { choose, said } = builtApp();
    expect(choose('--max-old-space-size=99')).toBe('node --max-old-space-size=99 dist/.flame/main/start.cjs --port');
    expect(choose('--import', 'nestjs-flame/register')).toBe('node dist/.flame/main/start.cjs --port');
    expect(choose('-r', 'dotenv/config')).toBe('node -r dotenv/config dist/.flame/main/start.cjs --port');
    expect(said).toEqual([]);
  });

  it('starts from the main file once the build has changed, and warns once', () => {
    const { main, choose, said } = builtApp();
    choose();
    writeFileSync(main, 'start(2);');
    expect([choose(), choose()]).toEqual(['node dist/main.js --port', 'node dist/main.js --port']);
    expect(said).toEqual([
      expect.stringMatching(/^WARN runners start from .*main\.js and not from its bundle: the bundle in dist\/\.flame\/main was/),
    ]);
  });

  it('starts from the main file once a package or a linked file in the bundle has changed, and not if they are gone', () => {
    const { main, choose, said } = builtApp({
      packages: { '../../../node_modules/@a/b': '1.0.0' },
      files: { '../../../linked.js': createHash('sha256').update('one').digest('hex') },
    });
    const root = join(main, '../..');
    const write = (path: string, text: string): void => {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    expect(choose()).toContain('.flame');
    write('node_modules/@a/b/package.json', '{"version":"1.0.0"}');
    write('linked.js', 'one');
    expect(choose()).toContain('.flame');
    write('linked.js', 'two');
    expect(choose()).not.toContain('.flame');
    write('linked.js', 'one');
    expect(choose()).toContain('.flame');
    write('node_modules/@a/b/package.json', '{"version":"1.0.1"}');
    expect(choose()).not.toContain('.flame');
    expect(said).toEqual([
      expect.stringMatching(/made before .*linked\.js changed/),
      expect.stringContaining('made before the package @a/b changed'),
    ]);
  });

  it('does not use a bundle without its code', () => {
    const { choose, said } = builtApp({ code: 'y.cjs' });
    expect(choose()).toBe('node dist/main.js --port');
    expect(said[0]).toContain('is incomplete: run npx nestjs-flame bundle again');
  });

  it('does not use a bundle in a format that it does not know', () => {
    const { choose, said } = builtApp({ format: 2 });
    expect(choose()).toBe('node dist/main.js --port');
    expect(said[0]).toContain('another version of nestjs-flame');
  });

  it.each([['--import', './x.mjs'], ['-r', './x.cjs'], ['--loader=x'], ['-C', 'dev'], ['--inspect-brk=0'], ['--preserve-symlinks']])(
    'starts from the main file with the flag %s, and says so',
    (...flags) => {
      const { choose, said } = builtApp();
      expect(choose(...flags)).toBe(`node ${flags.join(' ')} dist/main.js --port`);
      expect(said).toEqual([expect.stringContaining(`Node's flag ${flags[0]} needs the app's own files`)]);
    },
  );
});
