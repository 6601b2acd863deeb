import { parse } from 'acorn';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loaderCommand } from '../../libs/flame/src/backends/ship/loader-command.js';
import { configExitCode } from '../../libs/flame/src/core/errors/config-exit-code.js';
import { emptyFolder, shipProgram, writeProject } from '../support/shipped-program.js';

const [, , script] = loaderCommand();

/** Prints what a program can see of how it was started. */
const report = `
  const seen = {
    argv: process.argv.slice(1), execArgv: process.execArgv, cwd: process.cwd(), preloaded: globalThis.preloaded,
    globals: ['require', 'module', 'exports', '__filename', '__dirname'].filter((name) => name in globalThis),
    parent: process.env.FLAME_PARENT?.length > 100, other: process.env.OTHER,
  };`;
const commonJs = {
  'package.json': '{}',
  'dist/main.js': `${report} console.log(JSON.stringify({ ...seen, main: require.main === module, beside: require('./beside.js') }));`,
  'dist/beside.js': 'module.exports = 1',
};
const esModule = {
  'package.json': '{"type":"module"}',
  'dist/main.js': `import beside from './beside.js'; ${report} console.log(JSON.stringify({ ...seen, main: import.meta.url.endsWith('main.js'), beside: await Promise.resolve(beside) }));`,
  'dist/beside.js': 'export default 1',
};
const program = (files: Readonly<Record<string, string>>, main = 'dist/main.js'): string => join(writeProject(files), main);
const failing = { 'package.json': '{}', 'dist/main.js': 'function inMain() { throw new Error("of the app"); } inMain();' };

describe('loaderCommand', () => {
  it('is a short script that old versions of Node can read, and that shells and Kubernetes leave as it is', () => {
    expect(script!.length).toBeLessThan(3_000);
    expect(script).not.toMatch(/['$`\n]/);
    expect(() => parse(script!, { ecmaVersion: 2015, sourceType: 'script' })).not.toThrow();
  });

  it.each([
    ['CommonJS', commonJs],
    ['an ES module', esModule],
  ])('runs %s as node would run the main file', async (_, files) => {
    const { run } = await shipProgram(program(files));
    const temporary = emptyFolder();
    const { code, stdout, stderr } = await run({ temporary });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const seen = JSON.parse(stdout) as { argv: string[]; cwd: string };
    expect(seen).toMatchObject({ execArgv: [], globals: [], main: true, beside: 1, parent: true });
    expect(seen.argv).toEqual([join(seen.cwd, 'dist/main.js')]);
    expect(seen.cwd.startsWith(temporary)).toBe(true);
  });

  it('takes FLAME_PARENT, or variables with it, from the standard input', async () => {
    const { run } = await shipProgram(program(commonJs));
    const plain = await run({ input: (parent) => `${parent}\nmore` });
    expect(JSON.parse(plain.stdout)).toMatchObject({ parent: true });
    const variables = await run({ input: (parent) => `${JSON.stringify({ FLAME_PARENT: parent, OTHER: 'a ü $b' })}\n` });
    expect(JSON.parse(variables.stdout)).toMatchObject({ parent: true, other: 'a ü $b' });
  });

  it('loads what the parent preloads first', async () => {
    const main = program({ ...commonJs, 'dist/preload.js': 'globalThis.preloaded = 1' });
    const { run } = await shipProgram(main);
    const preloads = ['./dist/preload.js'];
    const { stdout } = await run({ tell: ({ code }) => ({ code: { ...code!, preloads } }) });
    expect(JSON.parse(stdout)).toMatchObject({ preloaded: 1, execArgv: ['--import', expect.stringMatching(/dist\/preload\.js$/)] });
    const { code, stderr } = await run({ tell: (info) => ({ code: { ...info.code!, preloads: ['no-such-package'] } }) });
    expect([code, stderr]).toEqual([1, expect.stringContaining("Cannot find package 'no-such-package'")]);
  });

  it('fetches a build once for each cache, and again when code was changed', async () => {
    const temporary = emptyFolder();
    const first = await shipProgram(program(commonJs));
    await first.run({ temporary });
    expect((await first.run({ temporary })).code).toBe(0);
    expect(first.transfers).toHaveLength(1);
    const changed = await shipProgram(program({ ...commonJs, 'dist/main.js': 'console.log("changed")' }));
    expect((await changed.run({ temporary })).stdout).toBe('changed\n');
    expect(changed.transfers).toHaveLength(1);
  });

  it('works in several processes of one machine at once', async () => {
    const { run } = await shipProgram(program({ ...commonJs, 'dist/large.js': `/* ${'x'.repeat(2_000_000)} */` }));
    const temporary = emptyFolder();
    const runs = await Promise.all(Array.from({ length: 4 }, () => run({ temporary })));
    expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(4).fill({ code: 0, stderr: '' }));
    const [cache] = readdirSync(temporary);
    expect(readdirSync(join(temporary, cache!))).toHaveLength(1);
  });

  it("leaves the app's own error to Node", async () => {
    const { run } = await shipProgram(program(failing));
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toMatch(/Error: of the app\n\s+at inMain \(.*dist\/main\.js/);
    expect(stderr).not.toContain('nestjs-flame:');
  });

  it.each([
    ['another hash', { hash: 'f'.repeat(64) }, /is refused: its hash is [0-9a-f]{64}, but the parent announced f{64}/],
    ['a smaller size', { unpacked: 100 }, /is refused: /],
    ['fewer bytes', { bytes: 10 }, /is refused: it has more bytes than the 10 that the parent announced/],
  ])('runs nothing of an archive that has %s than announced, and leaves nothing of it', async (_, wrong, message) => {
    const { run } = await shipProgram(program(commonJs));
    const temporary = emptyFolder();
    const { code, stdout, stderr } = await run({ temporary, tell: (info) => ({ code: { ...info.code!, ...wrong } }) });
    expect([code, stdout]).toEqual([configExitCode, '']);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    const [cache] = readdirSync(temporary);
    expect(readdirSync(join(temporary, cache!))).toEqual([]);
  });

  it('names a native addon that was built for another machine, before anything of the app runs', async () => {
    const addon = `\x7fELF\x02\x01${'\0'.repeat(12)}\x28\0\0libc.so.6\0napi_register_module_v1`;
    const { run } = await shipProgram(
      program({
        ...commonJs,
        'package.json': '{"dependencies":{"sharp":"1"}}',
        'node_modules/sharp/package.json': '{}',
        'node_modules/sharp/x.node': addon,
      }),
    );
    const { code, stdout, stderr } = await run();
    expect([code, stdout]).toEqual([configExitCode, '']);
    expect(stderr).toContain('these packages have no native addon for it: sharp (node_modules/sharp/x.node is for linux arm glibc)');
  });

  it('names both versions if Node is too old', async () => {
    const { run } = await shipProgram(program(commonJs));
    const before = 'Object.defineProperty(process,"versions",{value:{node:"18.20.8"}})';
    expect(await run({ before })).toEqual({
      code: configExitCode,
      stdout: '',
      stderr: `nestjs-flame: this machine has Node 18.20.8, and the app needs at least Node 20.19 (its parent runs Node ${process.versions.node})\n`,
    });
  });

  it.each([
    ['the token is wrong', () => ({ token: 'wrong' }), 1, /sends no code: runner runner-1 may not fetch code: its token is wrong/],
    [
      'the parent cannot be reached',
      () => ({ address: '127.0.0.1:1', bootTimeout: 300 }),
      1,
      /the parent at 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/,
    ],
    ['there is no certificate', () => ({ certificate: undefined }), configExitCode, /FLAME_PARENT holds no certificate/],
    [
      'the cache cannot be written',
      ({ code }) => ({ code: { ...code!, cache: '/proc/cache' } }),
      configExitCode,
      /cannot be stored in \/proc\/cache.*Set the backend's option shipCode\.cache/,
    ],
  ] as [string, NonNullable<NonNullable<Parameters<Awaited<ReturnType<typeof shipProgram>>['run']>[0]>['tell']>, number, RegExp][])(
    'says in one line that %s',
    async (_, tell, exitCode, message) => {
      const { run } = await shipProgram(program(commonJs));
      const { code, stdout, stderr } = await run({ tell });
      expect([code, stdout]).toEqual([exitCode, '']);
      expect(stderr).toMatch(message);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    },
  );

  it('keeps the code in the folder that the option names', async () => {
    const cache = join(emptyFolder(), 'a/b');
    const { run } = await shipProgram(program(commonJs), { cache });
    expect((await run()).code).toBe(0);
    expect(existsSync(cache)).toBe(true);
  });
});
