import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RunningApp } from './running-app.js';

const service = `
import { Injectable, NotFoundException } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';

@Injectable()
export class AppService {
  getHello(): string {
    return 'Hello World!';
  }

  @OnFlame('work')
  async pid(): Promise<number> {
    return process.pid;
  }

  @OnFlame('work')
  async find(id: string): Promise<string> {
    throw new NotFoundException(\`no video \${id}, says \${process.pid}\`);
  }

  @OnFlame('work', { handlerTimeout: 50 })
  async render(): Promise<string> {
    return new Promise((resolve) => setTimeout(resolve, 60_000, 'rendered').unref());
  }
}
`;

const controller = `
import { Controller, Get, Param } from '@nestjs/common';
import { AppService } from './app.service.js';

@Controller()
export class AppController {
  constructor(private readonly app: AppService) {}

  @Get()
  getHello(): string {
    return this.app.getHello();
  }

  @Get('pids')
  async pids(): Promise<{ server: number; runner: number }> {
    return { server: process.pid, runner: await this.app.pid() };
  }

  @Get('videos/:id')
  find(@Param('id') id: string): Promise<string> {
    return this.app.find(id);
  }

  @Get('rendered')
  rendered(): Promise<string> {
    return this.app.render();
  }
}
`;

const gateway = (port: number): string => `
import { WebSocketGateway } from '@nestjs/websockets';

@WebSocketGateway(${port})
export class AppGateway {}
`;

interface Tools {
  /** The folder of the Nest CLI's commands. */
  readonly cli: string;
  /** The node that runs them. */
  readonly node: string;
  /** Keeps the scaffold's own tests and what they need; then its pools are local. */
  readonly tests?: boolean;
  /** Files of `src`, in place of the method on a pool. */
  readonly files?: Readonly<Record<string, string>>;
}

/** An app as `nest new` makes it, in a folder of its own, with the packed library installed and one method on a pool. */
export class NestApp {
  readonly folder: string;

  constructor(parent: string, name: string, tools: Tools) {
    this.folder = join(parent, name);
    const nest = [join(tools.cli, 'nest'), 'new', name, '--skip-install', '--skip-git', '--package-manager', 'npm'];
    this.#run(tools.node, nest, parent);
    this.edit('src/main.ts', 'process.env.PORT ?? 3000', `process.env.PORT ?? 3000, '127.0.0.1'`);
    this.#keepOnly(
      tools.tests
        ? /^(?!.*(eslint|oxlint|prettier|globals|coverage|mau))/
        : /^@nestjs\/(cli|schematics|testing)$|^@types\/|^typescript$|^vitest$/,
    );
    if (tools.files) for (const [name, text] of Object.entries(tools.files)) writeFileSync(join(this.folder, 'src', name), text);
    else this.#addWork(tools.tests ? 'LocalBackend' : 'ProcessBackend');
  }

  #addWork(backend: string): void {
    const flame = `FlameModule.forRoot([{ name: 'work', max: 2 }], { backend: new ${backend}() })`;
    this.edit('src/app.module.ts', 'imports: []', `imports: [${flame}]`);
    this.edit('src/app.module.ts', /^/, `import { FlameModule, ${backend} } from 'nestjs-flame';\n`);
    writeFileSync(join(this.folder, 'src/app.service.ts'), service);
    // The scaffold of Nest 11 imports without endings, and its Jest knows no others.
    const endings = readFileSync(join(this.folder, 'src/app.module.ts'), 'utf8').includes(`.service.js'`);
    writeFileSync(join(this.folder, 'src/app.controller.ts'), endings ? controller : controller.replace(`.service.js'`, `.service'`));
  }

  install(...packages: string[]): void {
    this.#run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...packages]);
  }

  /** Installs its dependencies and more packages of the registry, those from the tests' cache. */
  installOnce(...packages: string[]): void {
    this.#run(join(import.meta.dirname, '../support/modules.sh'), [this.folder, ...packages]);
  }

  enableShutdownHooks(): void {
    this.edit('src/main.ts', '  await app.listen', '  app.enableShutdownHooks();\n  await app.listen');
  }

  /** Mounts what shows the pools, with the library that one of the two needs. */
  mountMetricsAndDashboard(): void {
    this.install('prom-client@15');
    this.edit('src/app.module.ts', 'imports: [', 'imports: [FlameMetricsModule.forRoot(), FlameDashboardModule.forRoot(), ');
    this.edit('src/app.module.ts', /^/, `import { FlameDashboardModule } from 'nestjs-flame/dashboard';\n`);
    this.edit('src/app.module.ts', /^/, `import { FlameMetricsModule } from 'nestjs-flame/metrics';\n`);
  }

  /** Adds a gateway of socket.io with a port of its own: a runner that opened it as well could not start. */
  addGateway(port: number, nest: 11 | 12): void {
    this.install(`@nestjs/websockets@${nest}`, `@nestjs/platform-socket.io@${nest}`);
    writeFileSync(join(this.folder, 'src/app.gateway.ts'), gateway(port));
    this.edit('src/app.module.ts', 'providers: [', 'providers: [AppGateway, ');
    this.edit('src/app.module.ts', /^/, `import { AppGateway } from './app.gateway.js';\n`);
  }

  useFastify(): void {
    this.edit('src/main.ts', 'NestFactory.create(AppModule)', 'NestFactory.create(AppModule, new FastifyAdapter())');
    this.edit('src/main.ts', /^/, `import { FastifyAdapter } from '@nestjs/platform-fastify';\n`);
  }

  /** `nest build`, which checks the types too. */
  build(): void {
    this.#run('npm', ['run', 'build']);
  }

  /** Only checks the types, with other compiler options than the scaffold's. */
  typeCheck(...options: string[]): void {
    this.#run(join(this.folder, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json', '--noEmit', '--incremental', 'false', ...options]);
  }

  /** The scaffold's own script, by that node; gives its output. */
  script(name: string, node = process.execPath): string {
    return this.#run('npm', ['run', name], this.folder, { PATH: `${dirname(node)}:${process.env['PATH']}` });
  }

  get main(): string {
    return join(this.folder, 'dist/main.js');
  }

  start(node = process.execPath, flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<RunningApp> {
    if (!existsSync(this.main)) throw new Error(`nest build left no ${this.main}`);
    return RunningApp.start(node, [...flags, this.main], this.folder, env);
  }

  /** Starts the app by a command of one of its packages, such as `nest start --watch`. */
  startBy(command: string, args: readonly string[], node = process.execPath): Promise<RunningApp> {
    return RunningApp.start(node, [this.#bin(command), ...args], this.folder, {
      PATH: `${join(this.folder, 'node_modules/.bin')}:${dirname(node)}:${process.env['PATH']}`,
    });
  }

  /** Runs a command of one of the app's packages, by that node; gives its output. */
  command(name: string, args: readonly string[], node = process.execPath, env: NodeJS.ProcessEnv = {}): string {
    return this.#run(node, [this.#bin(name), ...args], this.folder, { PATH: `${dirname(node)}:${process.env['PATH']}`, ...env });
  }

  #bin(command: string): string {
    return realpathSync(join(this.folder, 'node_modules/.bin', command));
  }

  /** Takes out the development dependencies that no build needs (linters, test runners): two thirds of the install. */
  #keepOnly(needed: RegExp): void {
    const path = join(this.folder, 'package.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as { devDependencies: Record<string, string> };
    manifest.devDependencies = Object.fromEntries(Object.entries(manifest.devDependencies).filter(([name]) => needed.test(name)));
    writeFileSync(path, JSON.stringify(manifest, undefined, 2));
  }

  /** Replaces a text of a file that has to have it. */
  edit(file: string, what: string | RegExp, by: string): void {
    const path = join(this.folder, file);
    const before = readFileSync(path, 'utf8');
    const after = before.replace(what, () => by);
    if (after === before) throw new Error(`${file} is not as expected, it has no ${what}:\n${before}`);
    writeFileSync(path, after);
  }

  #run(command: string, args: string[], cwd = this.folder, env: NodeJS.ProcessEnv = {}): string {
    try {
      return execFileSync(command, args, {
        cwd,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NODE_ENV: undefined, ...env },
      });
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
    }
  }
}
