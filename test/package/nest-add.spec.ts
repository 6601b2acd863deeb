import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { tool } from '../support/tool.js';
import { openRegistry } from './own-registry.js';
import type { OwnRegistry } from './own-registry.js';
import { RunningApp } from './running-app.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flame-nest-add-')));
const node = join(tool('node@24'), 'node');
let registry: OwnRegistry;

beforeAll(async () => (registry = await openRegistry(inject('tarball'))));
afterAll(async () => {
  await registry.close();
  rmSync(folder, { recursive: true, maxRetries: 5 });
});

/** An app as `nest new` installs it, and the CLI in it. */
class Scaffold {
  readonly folder: string;
  readonly #path: string;

  constructor(nest: 11 | 12, packageManager: 'npm' | 'pnpm' | 'yarn') {
    const name = `nest-${nest}-${packageManager}`;
    this.folder = join(folder, name);
    const managers = packageManager === 'npm' ? [] : [tool(packageManager === 'pnpm' ? 'pnpm@10' : 'yarn@1')];
    this.#path = [dirname(node), ...managers, process.env['PATH']].join(':');
    this.run(join(tool(`@nestjs/cli@${nest}`), 'nest'), ['new', name, '--skip-git', '--package-manager', packageManager], folder);
  }

  add(...flags: string[]): string {
    return this.run(join(this.folder, 'node_modules/.bin/nest'), ['add', 'nestjs-flame', ...flags]);
  }

  /** As in a terminal, in which nobody answers. */
  addInTerminal(...flags: string[]): string {
    return this.run(join(this.folder, 'node_modules/.bin/nest'), ['add', 'nestjs-flame', ...flags], this.folder, { NG_FORCE_TTY: '1' });
  }

  /** Gives all output: `nest add` prints some errors and ends with 0. */
  run(command: string, args: string[], cwd = this.folder, more: NodeJS.ProcessEnv = {}): string {
    const registryOf = { npm_config_registry: registry.url, YARN_REGISTRY: registry.url };
    // In CI pnpm does not add packages to a lockfile.
    const env = { ...process.env, NODE_ENV: undefined, CI: undefined, PATH: this.#path, ...registryOf, ...more };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
    return stdout + stderr;
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8');
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }
}

const question = 'Where should runners run?';
const files = ['package.json', 'src/app.module.ts', 'src/main.ts'] as const;

describe('nest add nestjs-flame', () => {
  it.each([
    [12, 'npm', 'process', 'new ProcessBackend()'],
    [
      12,
      'pnpm',
      'docker',
      `\n        process.env.NODE_ENV === 'production'\n          ? new DockerBackend()\n          : new ProcessBackend()`,
    ],
    [11, 'yarn', 'local', 'new LocalBackend()'],
  ] as const)('adds the module to a scaffold of Nest %d with %s and the backend %s, once', async (nest, packageManager, backend, made) => {
    const app = new Scaffold(nest, packageManager);
    // The CLI of Nest 11 does not find what it has just installed with yarn 1; a second time it does.
    if (packageManager === 'yarn') {
      app.run('yarn', ['add', 'nestjs-flame']);
      asksAndInstallsNothing(app);
    }
    const said = app.add(`--backend=${backend}`, ...(packageManager === 'yarn' ? ['--skip-install'] : []));
    const module = app.read('src/app.module.ts');
    const lines = `    FlameModule.forRoot([{ name: 'work', max: 4, maxConcurrency: 1 }], {\n      backend:${made.startsWith('\n') ? '' : ' '}${made},\n    }),`;
    expect(module, said).toContain(`  imports: [\n${lines}\n  ],\n`);
    expect(said).toMatch(/1\. Put @OnFlame\('work'\)[^]*2\. .*curl[^]*3\. .*FlameParent\.unlessRunner/);
    expect(app.read('src/main.ts')).toMatch(/^ {2}app\.enableShutdownHooks\(\);\n {2}await app\.listen/m);
    const { dependencies } = JSON.parse(app.read('package.json')) as { dependencies: Record<string, string> };
    expect(Object.keys(dependencies).includes('dockerode')).toBe(backend === 'docker');
    changesNothing(app);
    app.run(packageManager, ['run', 'lint']);
    expect(app.read('src/app.module.ts')).toBe(module);
    app.write('src/main.ts', app.read('src/main.ts').replace('?? 3000', `?? 3000, '127.0.0.1'`));
    app.run(packageManager, ['run', 'build']);
    const running = await RunningApp.start(node, [join(app.folder, 'dist/main.js')], app.folder, {});
    expect(await running.text('/')).toBe('Hello World!');
    await running.stop();
    app.run(packageManager, ['run', 'test']);
  });
});

/** Without a backend it asks; with `--skip-install` it installs no package of the backend. */
function asksAndInstallsNothing(app: Scaffold): void {
  const before = files.map((file) => app.read(file));
  expect(app.addInTerminal('--skip-install')).toContain(question);
  expect(files.map((file) => app.read(file))).toEqual(before);
  app.add('--backend=docker', '--skip-install');
  expect(app.read('package.json')).toContain('"dockerode"');
  expect(existsSync(join(app.folder, 'node_modules/dockerode'))).toBe(false);
  files.forEach((file, index) => app.write(file, before[index]!));
}

/** Where the module is, it neither asks nor changes a file, and says how to change the backend. */
function changesNothing(app: Scaffold): void {
  const before = files.map((file) => app.read(file));
  expect(app.addInTerminal('--skip-install')).not.toContain(question);
  const said = app.add('--backend=kubernetes', '--skip-install');
  expect(said).toContain(`import { KubernetesBackend } from 'nestjs-flame/kubernetes'`);
  expect(said).toMatch(/new KubernetesBackend\(\) : new ProcessBackend\(\) \}\)[^]*install @kubernetes\/client-node/);
  expect(files.map((file) => app.read(file))).toEqual(before);
}
