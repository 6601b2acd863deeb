import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
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

  /** Gives all output: `nest add` prints some errors and ends with 0. */
  run(command: string, args: string[], cwd = this.folder): string {
    const registryOf = { npm_config_registry: registry.url, YARN_REGISTRY: registry.url };
    // In CI pnpm does not add packages to a lockfile.
    const env = { ...process.env, NODE_ENV: undefined, CI: undefined, PATH: this.#path, ...registryOf };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
    return stdout + stderr;
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8');
  }
}

describe('nest add nestjs-flame', () => {
  it.each([
    [12, 'npm', 'process', `backend: new ProcessBackend()`],
    [12, 'pnpm', 'docker', `backend: process.env.NODE_ENV === 'production' ? new DockerBackend() : new ProcessBackend()`],
    [11, 'yarn', 'local', `backend: new LocalBackend()`],
  ] as const)('adds the module to a scaffold of Nest %d with %s and the backend %s, once', async (nest, packageManager, backend, made) => {
    const app = new Scaffold(nest, packageManager);
    // The CLI of Nest 11 does not find what it has just installed with yarn 1; a second time it does.
    if (packageManager === 'yarn') app.run('yarn', ['add', 'nestjs-flame']);
    const said = app.add(`--backend=${backend}`, ...(packageManager === 'yarn' ? ['--skip-install'] : []));
    const module = app.read('src/app.module.ts');
    expect(module, said).toContain(`imports: [FlameModule.forRoot([{ name: 'work', max: 4 }], { ${made} })]`);
    expect(app.read('src/main.ts')).toMatch(/^ {2}app\.enableShutdownHooks\(\);\n {2}await app\.listen/m);
    const { dependencies } = JSON.parse(app.read('package.json')) as { dependencies: Record<string, string> };
    expect(Object.keys(dependencies).includes('dockerode')).toBe(backend === 'docker');
    app.add(`--backend=${backend}`, '--skip-install');
    expect(app.read('src/app.module.ts')).toBe(module);
    expect(app.read('src/main.ts').match(/enableShutdownHooks/g)).toHaveLength(1);
    writeFileSync(join(app.folder, 'src/main.ts'), app.read('src/main.ts').replace('?? 3000', `?? 3000, '127.0.0.1'`));
    app.run(packageManager, ['run', 'build']);
    const running = await RunningApp.start(node, [join(app.folder, 'dist/main.js')], app.folder, {});
    expect(await running.text('/')).toBe('Hello World!');
    await running.stop();
    app.run(packageManager, ['run', 'test']);
  });
});
