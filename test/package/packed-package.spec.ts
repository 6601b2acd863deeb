import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { processesOf } from '../support/process-table.js';
import { NestApp } from './nest-app.js';
import { tool } from '../support/tool.js';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'flame-package-'));
const tarball = inject('tarball');
const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
/** The lines of Node beside the one that runs the tests. */
const lines = ['22', '24', '26'];

afterAll(() => rmSync(folder, { recursive: true, maxRetries: 5 }));

describe('the packed package', () => {
  it('contains code, types with their docstrings, the protocol and the texts, and nothing else', () => {
    const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
    const pages = ['package/ARCHITECTURE.md', 'package/CONTRIBUTING.md', ...docs.map((page) => `package/docs/${page}`)];
    expect(files).toEqual(expect.arrayContaining(pages));
    const others = files.filter((file) => !pages.includes(file));
    const kinds = new Set(others.map((file) => file.replace(/^package\/dist\/(entry\/)?.*?(\.d\.m?ts|\.m?js)(\.map)?$/, 'dist/$1*$2$3')));
    expect([...kinds].sort()).toEqual([
      'dist/*.d.ts',
      'dist/*.d.ts.map',
      'dist/*.js',
      'dist/entry/*.d.mts',
      'dist/entry/*.js',
      'dist/entry/*.js.map',
      'dist/entry/*.mjs',
      'package/CHANGELOG.md',
      'package/LICENSE',
      'package/README.md',
      'package/dist/page/page.css',
      'package/docs/images/dashboard.png',
      'package/docs/images/demo.svg',
      'package/observability/alerts.yml',
      'package/observability/grafana-dashboard.json',
      'package/package.json',
      'package/proto/flame/v1/code.proto',
      'package/proto/flame/v1/instances.proto',
      'package/proto/flame/v1/metrics.proto',
      'package/proto/flame/v1/runners.proto',
      'package/proto/grpc/health/v1/health.proto',
      'package/schematics/collection.json',
      'package/schematics/nest-add/asking-schema.json',
      'package/schematics/nest-add/index.js',
      'package/schematics/nest-add/module-source.js',
      'package/schematics/nest-add/schema.json',
    ]);
    expect(files.filter((file) => file.includes('.spec.'))).toEqual([]);
    const types = execFileSync('tar', ['-xzOf', tarball, 'package/dist/nest/decorator/on-flame.decorator.d.ts'], { encoding: 'utf8' });
    expect(types).toMatch(/\/\*\*/);
  });

  it('has pages whose links lead to files of the package', () => {
    execFileSync('tar', ['-xzf', tarball, '-C', folder]);
    const pages = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs.map((page) => `docs/${page}`)];
    const links = pages.flatMap((page) =>
      linksOf(page)
        .filter((link) => !/^\w+:/.test(link))
        .map((link) => join(dirname(page), link)),
    );
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter((link) => !existsSync(join(folder, 'package', link)))).toEqual([]);
    expect(readFileSync(join(folder, 'package/docs/security/access.md'), 'utf8')).toContain('asks for name and password');
  });

  it('has a README whose links work from everywhere', () => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package/package.json'), 'utf8')) as Record<string, string>;
    const published = `https://npmx.dev/package-code/${name}/v/${version}/`;
    const links = linksOf('README.md');
    const packed = links.filter((link) => link.startsWith(published)).map((link) => link.slice(published.length));
    expect(packed).toEqual(expect.arrayContaining(['docs/errors.md', 'ARCHITECTURE.md', 'LICENSE']));
    expect(packed.filter((file) => !existsSync(join(folder, 'package', file)))).toEqual([]);
    const pictures = `https://unpkg.com/${name}@${version}/docs/images/`;
    const shown = links.filter((link) => link.startsWith(pictures)).map((link) => link.slice(pictures.length));
    expect(shown.sort()).toEqual(['dashboard.png', 'demo.svg']);
    // None is relative, and none names another version.
    expect(links.filter((link) => ![published, pictures].some((address) => link.startsWith(address)))).toEqual([
      'https://github.com/phoenixframework/flame',
    ]);
  });

  it('satisfies publint, and resolves with its types by every module resolution', () => {
    const bin = (name: string, ...args: string[]) => execFileSync(join(root, 'node_modules/.bin', name), args, { encoding: 'utf8' });
    expect(bin('publint', '--strict', tarball)).toContain('All good');
    expect(bin('attw', tarball)).toContain('No problems found');
  });
});

describe('a Nest 12 app (ESM)', () => {
  let app: NestApp;

  it('installs the package and builds', () => {
    app = new NestApp(folder, 'esm', { cli: join(root, 'node_modules/.bin'), node: nodeOf('24') });
    expect(JSON.parse(readFileSync(join(app.folder, 'package.json'), 'utf8'))).toMatchObject({ type: 'module' });
    app.install(tarball);
    app.build();
  });
  it('runs its method in another process, on Express', () => calls(app));
  it.each(lines)('runs its method in another process, on Express under Node %s', (line) => calls(app, nodeOf(line)));
  it('runs its method in another process, on Fastify', async () => {
    app.install('@nestjs/platform-fastify@12');
    app.useFastify();
    app.enableShutdownHooks();
    app.mountMetricsAndDashboard();
    app.build();
    await calls(app);
  });
  it('shows its pools to Prometheus and on the dashboard, on Fastify', () => shows(app));
  it('runs its method in another process, which does not open the port of a gateway', async () => {
    app.addGateway(await freePort(), 12);
    app.build();
    await calls(app);
  });
});

describe('a Nest 11 app (CommonJS)', () => {
  let app: NestApp;

  it('installs the package and builds', () => {
    const home = join(folder, 'cjs');
    mkdirSync(home);
    app = new NestApp(home, 'app', { cli: tool('@nestjs/cli@11'), node: process.execPath });
    app.enableShutdownHooks();
    app.install(tarball);
    app.mountMetricsAndDashboard();
    app.build();
    expect(readFileSync(app.main, 'utf8')).toContain('require("@nestjs/core")');
    app.typeCheck('--module', 'commonjs', '--moduleResolution', 'node10', '--resolvePackageJsonExports', 'false');
  });
  it('runs its method in another process', () => calls(app));
  it.each(lines)('runs its method in another process, under Node %s', (line) => calls(app, nodeOf(line)));
  it('shows its pools to Prometheus and on the dashboard', () => shows(app));
  it('runs its method in another process, on Fastify', async () => {
    app.install('@nestjs/platform-fastify@11');
    app.useFastify();
    app.build();
    await calls(app);
  });
  it('runs its method in another process, which does not open the port of a gateway', async () => {
    app.addGateway(await freePort(), 11);
    app.build();
    await calls(app);
  });
});

/** What a packed page links to, without anchors. */
function linksOf(page: string): string[] {
  return [...readFileSync(join(folder, 'package', page), 'utf8').matchAll(/\]\((?!#)([^)#]+)/g)].map(([, to]) => to!);
}

/** The newest Node of a line. */
function nodeOf(line: string): string {
  return join(tool(`node@${line}`), 'node');
}

/** Calls a method that runs elsewhere, one that throws there, then ends the app: no process of it may be left. */
async function calls(app: NestApp, node?: string): Promise<void> {
  const server = await app.start(node);
  try {
    const { status, body } = await server.get('/pids');
    expect(status, server.output).toBe(200);
    const { server: parent, runner } = body as { server: number; runner: number };
    expect(parent).toBe(server.pid);
    expect(runner).not.toBe(parent);
    expect(processesOf(app.folder)).toEqual(expect.arrayContaining([parent, runner]));

    const missing = await server.get('/videos/7');
    expect(missing, server.output).toEqual({
      status: 404,
      body: { statusCode: 404, error: 'Not Found', message: expect.stringMatching(/^no video 7, says \d+$/) as string },
    });
    expect((missing.body as { message: string }).message).not.toContain(String(parent));

    const late = { statusCode: 504, error: 'Gateway Timeout', message: 'The service did not answer in time.' };
    expect(await server.get('/rendered'), server.output).toEqual({ status: 504, body: late });
    expect(server.output).toMatch(/ExceptionsHandler[^]*AppService\.render timed out[^]*at AppController\.rendered .*app\.controller/);
  } finally {
    await server.stop();
  }
  await expect.poll(() => processesOf(app.folder), { timeout: 30_000 }).toEqual([]);
}

/** Looks at a call that was made, where Prometheus and where people do. */
async function shows(app: NestApp): Promise<void> {
  const server = await app.start();
  try {
    expect((await server.get('/pids')).status, server.output).toBe(200);
    expect(await server.text('/metrics')).toMatch(/^flame_calls_total\{pool="work",outcome="returned"\} 1$/m);
    expect(await server.text('/flame')).toContain('<title>flame</title>');
    expect(await server.upTo('event: snapshot', '/flame/events')).toContain('event: hello');
  } finally {
    await server.stop();
  }
}
