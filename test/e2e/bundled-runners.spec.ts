import { execFile } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BundledApp, imageFolder } from '../support/bundled-app.js';
import { startShippedDemo } from '../support/shipped-demo.js';
import { shipProgram, writeProject } from '../support/shipped-program.js';
import { tool } from '../support/tool.js';

const run = promisify(execFile);

/** The oldest and the newest Node that the package supports. */
const nodes = ['20', '26'].map((line) => ({ line, node: join(tool(`node@${line}`), 'node') }));

let image: string;
/** The demo, with a bundle. */
let demo: string;
beforeAll(async () => {
  image = await imageFolder();
  demo = join(image, 'apps/demo');
  await run(process.execPath, [join(image, 'node_modules/nestjs-flame/dist/entry/cli.js'), 'bundle'], { cwd: demo });
}, 120_000);
afterAll(() => rmSync(image, { recursive: true, maxRetries: 5 }));

interface Found {
  readonly command: string;
  readonly runner: Record<string, unknown>;
  readonly addon: unknown;
  readonly missing: string;
}

function found(lines: readonly string[]): Found {
  const line = lines.find((text) => text.startsWith('[found] '));
  if (line === undefined) throw new Error(lines.join('\n'));
  return JSON.parse(line.slice('[found] '.length)) as Found;
}

describe('A runner that starts from a bundle', { timeout: 180_000 }, () => {
  it('sees the app as one that starts from the main file, and takes the code that V8 compiled in an earlier one', async () => {
    const app = await BundledApp.create(image, 'bundled');
    const without = found(await app.start(nodes[0]!.node, 'dist/main.js'));
    expect(without.command).toMatch(/dist\/main\.js of Places$/);
    expect(await app.cli('bundle')).toMatch(
      /runners need them in node_modules: .*outside \(native addon\)[^]*bundled \d+ files of dist\/main\.js/,
    );
    for (const { node, line } of nodes) {
      const bundled = found(await app.start(node, 'dist/main.js'));
      expect(bundled.command).toMatch(/dist\/\.flame\/main\/start-\S+ of Places$/);
      expect(bundled.runner).toEqual(without.runner);
      expect(bundled.runner).toMatchObject({
        beside: ['strict: true', 'module: undefined', 'default'],
        loads: { of: 'beside-itself' },
        named: 'named at run time',
        same: [true, true, true, 'named'],
      });
      expect(bundled.addon).toEqual(['function', [expect.stringMatching(/\.node$/)]]);
      for (const { missing } of [without, bundled]) expect(missing).toMatch(/^Error: Cannot find package 'not-installed'/);

      const compiled = app.bundle().filter((file) => file.includes(`-v${line}.`));
      expect(compiled).toHaveLength(1);
      const file = join(app.folder, 'dist/.flame/main', compiled[0]!);
      const { mtimeMs, size } = statSync(file);
      expect(found(await app.start(node, 'dist/main.js')).runner).toEqual(without.runner);
      expect(statSync(file).mtimeMs).toBe(mtimeMs);
      // V8 refuses what it has not written so, and a runner writes it again.
      writeFileSync(file, readFileSync(file).subarray(0, size / 2));
      expect(found(await app.start(node, 'dist/main.js')).runner).toEqual(without.runner);
      expect(statSync(file).size).toBeGreaterThan(size / 2);
    }
    expect(found(await app.start(nodes[0]!.node, 'dist/main.js', { BUNDLE: 'no' })).command).toMatch(/dist\/main\.js of Places$/);
  });

  it('is started from the main file, and the log says why, if the bundle is old or cannot serve', async () => {
    const app = await BundledApp.create(image, 'stale');
    await app.cli('bundle');
    const start = async (env: Record<string, string> = {}): Promise<string> => {
      const lines = await app.start(process.execPath, 'dist/main.js', env);
      expect(found(lines).command).toMatch(/dist\/main\.js of Places$/);
      const said = lines.filter((line) => line.includes('not from its bundle'));
      expect(said).toHaveLength(1);
      return said[0]!;
    };
    expect(await start({ NODE_V8_COVERAGE: join(app.folder, 'coverage') })).toContain('NODE_V8_COVERAGE is set');
    app.write('node_modules/beside-itself/package.json', '{"name":"beside-itself","version":"1.0.1"}');
    expect(await start()).toMatch(
      /WARN .*dist\/main\.js and not from its bundle: the bundle in dist\/\.flame\/main was made before the package beside-itself changed: run npx nestjs-flame bundle again$/,
    );
    app.write('dist/settings.js', `export const settings = { from: 'the next build' };`);
    expect(await start()).toContain(
      'the bundle in dist/.flame/main was made from another build: run npx nestjs-flame bundle after each build',
    );
  });

  it('runs as an ES module if a module of the app awaits at its top level', async () => {
    const app = await BundledApp.create(image, 'awaiting');
    app.write('dist/settings.js', `export const settings = await Promise.resolve({ from: 'a promise' });`);
    expect(await app.cli('bundle')).toMatch(/settings\.js:1 awaits at the top level of a module, so the bundle is an ES module/);
    for (const { node } of nodes) {
      const bundled = found(await app.start(node, 'dist/main.js'));
      expect(bundled.command).toMatch(/\.flame\/main\/start-\S+ of Places$/);
      expect(bundled.runner).toMatchObject({ settings: { from: 'a promise' }, same: [true, true, true, 'named'] });
    }
  });

  it('sees require.main in a CommonJS main file', async () => {
    const app = await BundledApp.create(image, 'common');
    app.write(
      'dist/main.cjs',
      `const assert = require('node:assert');
assert.equal(require.main, module);
assert.deepEqual([module.id, module.filename, module.parent == null, module.paths[0]], ['.', __filename, true, __dirname + '/node_modules']);
assert.equal(require('beside-itself').main[0], false);
assert.equal(require('beside-itself').main[1], __filename);
if (require.main === module) import('./main.js');`,
    );
    await app.cli('bundle', 'dist/main.cjs');
    for (const { node } of nodes)
      expect(found(await app.start(node, 'dist/main.cjs')).command).toMatch(/\.flame\/main\/start-\S+ of Places$/);
  });
});

describe('npx nestjs-flame bundle', { timeout: 180_000 }, () => {
  it('leaves named packages outside, with the ES modules that they import, and maps stacks to the sources', async () => {
    const app = await BundledApp.create(image, 'named');
    app.write('node_modules/named/package.json', '{"name":"named","type":"module","exports":"./index.js","dependencies":{"imported":"*"}}');
    app.write('node_modules/named/index.js', `export { default, one } from 'imported';`);
    app.write('node_modules/imported/package.json', '{"name":"imported","type":"module","exports":"./index.js"}');
    app.write('node_modules/imported/index.js', `export default {}; export const one = {};`);
    const main = `import named, { one as sameOne } from 'named';
import imported, { one } from 'imported';
await null;
console.log(JSON.stringify([named === imported, sameOne === one, process.argv[1], new Error('here').stack]));
`;
    // A source file with a line above each line of the compiled one.
    const map = { version: 3, sources: ['../src/main.ts'], names: [], mappings: 'AACA;AACA;AACA;AACA' };
    app.write(
      'dist/main.js',
      `${main}//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}\n`,
    );
    expect(await app.cli('bundle', '--external', 'named')).toContain('named, imported (imported by an external package)');
    const start = join(
      'dist/.flame/main',
      app.bundle().find((file) => file.startsWith('start-'))!,
    );
    for (const { node } of nodes) {
      for (const flags of ['', '--enable-source-maps']) {
        const [line] = await app.start(node, start, { NODE_OPTIONS: flags });
        const [sameDefault, same, script, stack] = JSON.parse(line!) as [boolean, boolean, string, string];
        expect([sameDefault, same, script]).toEqual([true, true, join(app.folder, 'dist/main.js')]);
        expect(stack).toContain(flags ? `${join(app.folder, 'src/main.ts')}:5:` : join(app.folder, 'dist/.flame/main/'));
      }
    }
  });

  interface ColdStart {
    readonly took: number;
    readonly answer: string;
    /** What the runner's process was started with. */
    readonly command: string;
  }

  it("starts the demo's runners in a fraction of the time", async () => {
    for (const { line, node } of nodes) {
      const times: Record<string, number[]> = { 'main.js': [], bundle: [] };
      for (let round = 0; round < 4; round++) {
        for (const [kind, list] of Object.entries(times)) {
          const env = { ...process.env, RUNNER_ENTRY: 'dist/main.js', RUNNER_BUNDLE: kind === 'bundle' ? 'yes' : 'no' };
          const { stdout } = await run(node, ['dist/driver/cold-start.js'], { cwd: demo, env });
          const { took, answer, command } = JSON.parse(stdout) as ColdStart;
          expect(command).toContain(kind === 'bundle' ? 'dist/.flame/main/start-' : 'dist/main.js');
          expect(answer).toBe("Cannot read properties of undefined (reading 'url')");
          list.push(took);
        }
      }
      for (const [kind, list] of Object.entries(times))
        console.log(`Node ${line}, call to answer from ${kind}: ${list.map((time) => `${Math.round(time)} ms`).join(', ')}`);
    }
  });
});

describe('A bundle that is shipped', { timeout: 120_000 }, () => {
  it('gives its copies to what is named at run time, and leaves what it does not need at the parent', async () => {
    const app = writeProject({
      'package.json': '{"name":"app","dependencies":{"inside":"*","beside":"*","unused":"*"}}',
      'dist/main.js': `const [inside, unused] = ['inside', 'unused'];
const beside = require('beside');
const missing = (() => { try { return require(unused); } catch ({ code }) { return code; } })();
console.log(JSON.stringify([require('inside') === require(inside), beside.text, beside.more('./more.js'), missing, require.main === module, __filename]));`,
      'node_modules/inside/package.json': '{"name":"inside"}',
      'node_modules/inside/index.js': 'module.exports = {};',
      'node_modules/beside/package.json': '{"name":"beside"}',
      'node_modules/beside/index.js': `exports.text = require('fs').readFileSync(__dirname + '/text.txt', 'utf8'); exports.more = (name) => require(name);`,
      'node_modules/beside/text.txt': 'the text',
      'node_modules/beside/more.js': `module.exports = 'more';`,
      'node_modules/unused/package.json': '{"name":"unused"}',
      'node_modules/unused/index.js': '',
    });
    await run(process.execPath, [join(image, 'node_modules/nestjs-flame/dist/entry/cli.js'), 'bundle'], { cwd: app });
    const found = async (bundle: boolean): Promise<unknown[]> => {
      const { stdout, stderr } = await (await shipProgram(join(app, 'dist/main.js'), { bundle })).run();
      expect(stderr).toBe('');
      return JSON.parse(stdout) as unknown[];
    };
    const same = [true, 'the text', 'more'];
    expect(await found(true)).toEqual([...same, 'MODULE_NOT_FOUND', true, expect.stringMatching(/app\/dist\/main\.js$/)]);
    expect(await found(false)).toEqual([...same, {}, true, expect.stringMatching(/app\/dist\/main\.js$/)]);
  });

  it("runs the demo's job on machines that have nothing but Node, of fewer bytes, and keeps what V8 compiled there", async () => {
    const bytes: Record<string, number> = {};
    for (const bundle of [false, true]) {
      const { boot, thumbnails, transfers, cached } = await startShippedDemo(image, { bundle });
      const times = [await boot(), await boot()];
      expect(transfers()).toHaveLength(1);
      const { total, took } = transfers()[0]!;
      bytes[String(bundle)] = total;
      // The package of ffmpeg finds the program beside its own files.
      await expect(thumbnails('/nowhere.mp4')).rejects.toThrow('ffmpeg can read: /nowhere.mp4: No such file or directory');
      const compiled = cached(new RegExp(`\\.cjs\\.${process.arch}-${process.version}$`));
      expect(compiled).toHaveLength(bundle ? 1 : 0);
      const [first, second] = times.map((time) => `${Math.round(time)} ms`);
      console.log(
        `shipped ${bundle ? 'with its bundle' : 'without'}: ${(total / 1e6).toFixed(1)} MB in ${Math.round(took)} ms, first call ${first}; the second boot fetches nothing, ${second}`,
      );
    }
    expect(bytes['true']).toBeLessThan(bytes['false']!);
  });
});
