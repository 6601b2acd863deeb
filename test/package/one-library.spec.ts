import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { NestApp } from './nest-app.js';
import { afterReset, appOfTwoFormats, sameExports, videos } from './one-library-programs.js';
import { tool } from '../support/tool.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flame-one-')));
const tarball = inject('tarball');
let app: NestApp;

beforeAll(() => {
  app = new NestApp(folder, 'app', { cli: tool('@nestjs/cli@11'), node: process.execPath, tests: true });
  app.install(tarball, '@opentelemetry/api@1.9', '@nestjs/bullmq@11', 'bullmq@6');
  write('test/after-reset.e2e-spec.ts', afterReset);
});
afterAll(() => rmSync(folder, { recursive: true, maxRetries: 5 }));

describe('under Jest, as a Nest 11 scaffold has it', () => {
  it.each(['30', '29'])('whole apps in tests use one library with Jest %s', (version) => {
    app.install('--save-dev', `jest@${version}`, `jest-util@${version}`, `@types/jest@${version}`);
    for (const node of [process.execPath, join(tool('node@26'), 'node')]) {
      expect(app.script('test:e2e', node)).toContain('> jest');
    }
  });
});

describe('loaded twice', () => {
  it('both formats are one library, with the same exports', () => {
    write('same-exports.mjs', sameExports);
    expect(run('same-exports.mjs')).toMatchObject({
      status: 0,
      stdout: 'index docker kubernetes fly ssh rpc dashboard testing metrics tracing bullmq inline unplugin jest\n',
    });
  });

  it('a method decorated through require runs on the pool of a module that is imported', () => {
    write('videos.cjs', videos);
    write('two-formats.mjs', appOfTwoFormats);
    expect(run('two-formats.mjs')).toMatchObject({ status: 0, stdout: expect.stringContaining('ran elsewhere') as string });
  });

  it('a link is not another copy', () => {
    mkdirSync(join(app.folder, 'linked/node_modules'), { recursive: true });
    symlinkSync(join(app.folder, 'node_modules/nestjs-flame'), join(app.folder, 'linked/node_modules/nestjs-flame'));
    write('linked/videos.cjs', videos);
    write('links.cjs', `console.log(require('nestjs-flame') === require('./linked/videos.cjs').flame);`);
    expect(run('--preserve-symlinks', 'links.cjs')).toMatchObject({ status: 0, stdout: 'true\n' });
  });
});

describe('two copies', () => {
  const load = { require: (path: string) => `require('${path}');`, import: (path: string) => `await import('${path}');` };
  const packages = join(folder, 'app/packages/videos');

  beforeAll(() => {
    const copy = join(packages, 'node_modules/nestjs-flame');
    mkdirSync(copy, { recursive: true });
    execFileSync('tar', ['-xzf', tarball, '-C', copy, '--strip', '1']);
    write('packages/videos/index.cjs', videos);
    write('packages/videos/index.mjs', `export * from 'nestjs-flame';`);
  });

  it.each([
    ['require', 'the app first', 'nestjs-flame', './packages/videos/index.cjs'],
    ['require', 'the other first', './packages/videos/index.cjs', 'nestjs-flame'],
    ['import', 'the app first', 'nestjs-flame', './packages/videos/index.mjs'],
    ['import', 'the other first', './packages/videos/index.mjs', 'nestjs-flame'],
    ['import', 'in two formats', 'nestjs-flame', './packages/videos/index.cjs'],
  ] as const)('are refused with both folders, by %s with %s', (format, _order, first, second) => {
    const file = format === 'require' ? 'copies.cjs' : 'copies.mjs';
    write(file, `${load[format](first)}\n${load[format](second)}\nconsole.log('loaded');\n`);
    expectRefusal(run(file), join(packages, 'node_modules/nestjs-flame'));
  });

  it('also are a bundle that contains the library, and the library beside it', async () => {
    const external = createRequire(join(app.folder, 'package.json'));
    await build({
      entryPoints: [join(app.folder, 'videos.cjs')],
      outfile: join(app.folder, 'bundle/videos.cjs'),
      bundle: true,
      platform: 'node',
      logLevel: 'error',
      external: [
        '@nestjs/*',
        '@grpc/*',
        'rxjs',
        'reflect-metadata',
        'msgpackr',
        'selfsigned',
        'grpc-health-check',
        'dockerode',
        '@kubernetes/*',
        '@opentelemetry/*',
        'prom-client',
      ],
    });
    expect(dirname(external.resolve('./bundle/videos.cjs'))).toBe(join(app.folder, 'bundle'));
    for (const [first, second] of [['nestjs-flame', './bundle/videos.cjs'] as const, ['./bundle/videos.cjs', 'nestjs-flame'] as const]) {
      write('bundled.cjs', `${load.require(first)}\n${load.require(second)}\nconsole.log('loaded');\n`);
      expectRefusal(run('bundled.cjs'), join(app.folder, 'bundle/videos.cjs'));
    }
  });

  function expectRefusal({ status, stdout, stderr }: ReturnType<typeof run>, other: string): void {
    expect({ status, stdout }, stderr).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('FLAME_CONFIG');
    expect(stderr).toMatch(/FlameError: this process has loaded two copies of nestjs-flame/);
    for (const path of [join(app.folder, 'node_modules/nestjs-flame'), other]) expect(stderr).toContain(`version 0.1.0 in ${path}`);
  }
});

function write(file: string, text: string): void {
  writeFileSync(join(app.folder, file), text);
}

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { NODE_ENV: _env, NODE_OPTIONS: _options, VITEST: _vitest, ...env } = process.env;
  return spawnSync(process.execPath, args, { cwd: app.folder, encoding: 'utf8', env });
}
