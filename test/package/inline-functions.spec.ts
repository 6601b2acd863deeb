import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { isAlive, processesOf } from '../support/process-table.js';
import { inlineApp, lineOnRunner } from './inline-app.js';
import { NestApp } from './nest-app.js';
import type { RunningApp } from './running-app.js';
import { stopOnRunner } from './stopped-function.js';
import { tool } from '../support/tool.js';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flame-inline-')));
afterAll(() => rmSync(folder, { recursive: true, maxRetries: 5 }));

const nodeOf = (line: string): string => join(tool(`node@${line}`), 'node');
const register = ['--import', 'nestjs-flame/register'];

interface Answer {
  readonly greeting: string;
  readonly parent: number;
  readonly runner: number;
  readonly at: string;
}

async function answerOf(server: RunningApp, name = 'you'): Promise<Answer> {
  const { status, body } = await server.get(`/answers/${name}`);
  expect(status, server.output).toBe(200);
  return body as Answer;
}

/** The inline function ran on a runner, as the method of its class, and its stack names the source. */
async function answers(app: NestApp, starting: Promise<RunningApp>, source = /src\/app\.service\.ts/): Promise<void> {
  const server = await starting;
  try {
    const answer = await answerOf(server);
    expect(answer.greeting).toBe('Hello you!');
    expect(answer.runner).not.toBe(answer.parent);
    expect(processesOf(app.folder)).toEqual(expect.arrayContaining([answer.parent, answer.runner]));
    const [, line] = new RegExp(`${source.source}:(\\d+)`).exec(answer.at) ?? [answer.at];
    expect(Number(line)).toBe(lineOf(app, 'new Error('));
  } finally {
    await server.stop();
  }
  await expect.poll(() => processesOf(app.folder), { timeout: 30_000 }).toEqual([]);
}

/** Changes what the function says while the app runs, and waits until it says that. */
async function followsChanges(app: NestApp, starting: Promise<RunningApp>): Promise<void> {
  const server = await starting;
  const service = readFileSync(join(app.folder, 'src/app.service.ts'), 'utf8');
  try {
    expect(await answerOf(server)).toMatchObject({ greeting: 'Hello you!' });
    app.edit('src/app.service.ts', 'Hello $', 'Goodbye $');
    const greeting = (): Promise<unknown> => server.get('/answers/you').then(({ body }) => (body as Answer).greeting, String);
    await expect.poll(greeting, { timeout: 60_000, interval: 200 }).toBe('Goodbye you!');
    const { runner, parent } = await answerOf(server);
    expect(runner).not.toBe(parent);
    // Nest's shell does not pass signals on; in a terminal Ctrl-C reaches the app itself.
    process.kill(parent, 'SIGTERM');
    await expect.poll(() => isAlive(parent), { timeout: 30_000 }).toBe(false);
  } finally {
    await server.stop();
    writeFileSync(join(app.folder, 'src/app.service.ts'), service);
  }
  await expect.poll(() => processesOf(app.folder), { timeout: 30_000 }).toEqual([]);
}

function lineOf(app: NestApp, text: string): number {
  const lines = readFileSync(join(app.folder, 'src/app.service.ts'), 'utf8').split('\n');
  return lines.findIndex((line) => line.includes(text)) + 1;
}

describe('inline functions in a Nest 12 app (ESM)', () => {
  const node24 = nodeOf('24');
  let app: NestApp;

  beforeAll(() => {
    app = new NestApp(folder, 'esm', {
      cli: join(import.meta.dirname, '../../node_modules/.bin'),
      node: node24,
      tests: true,
      files: inlineApp(12),
    });
    const rspack = ['@rspack/core@2', 'webpack-node-externals@3', 'tsconfig-paths-webpack-plugin@4'];
    app.installOnce('@swc/cli@0.8', '@swc/core@1', 'tsx@4', ...rspack);
    app.install(inject('tarball'));
    const plugin = `import { inlineFunctions } from 'nestjs-flame/unplugin';\n`;
    writeFileSync(
      join(app.folder, 'rspack.config.js'),
      `${plugin}export default (options) => ({ ...options, plugins: [...options.plugins, inlineFunctions.rspack()] });\n`,
    );
    app.edit('vitest.config.ts', /^/, plugin);
    app.edit('vitest.config.ts', 'plugins: [', 'plugins: [inlineFunctions.vite(), ');
    app.build();
  });

  it.each(['22', '26'])('are compiled by nestjs-flame/register, under Node %s', (line) =>
    answers(app, app.start(nodeOf(line), ['--enable-source-maps', ...register])),
  );
  it('are refused by nestjs-flame/register under Node 20, which names the command', async () => {
    await expect(app.start(nodeOf('20'), register)).rejects.toThrow(/needs Node 22\.15 or later[^]*npx nestjs-flame compile dist/);
  });
  it('stop a debugger on the runner at the line of the source', async () => {
    const server = await app.start(node24, register, { APP_INSPECT: '1' });
    try {
      const at = lineOf(app, lineOnRunner);
      const { pid, ...stopped } = await stopOnRunner(server, 'dist/app.service.js', at, () => answerOf(server, 'Jane'));
      expect(stopped).toEqual({
        source: expect.stringMatching(/src\/app\.service\.ts$/),
        line: at,
        next: expect.stringContaining(lineOnRunner),
        name: 'Jane',
      });
      expect(pid).not.toBe(server.pid);
    } finally {
      await server.stop();
    }
  });
  it('are compiled in Vitest by the plugin, from the source and in a build with runners', () => {
    expect(app.command('vitest', ['run'], node24)).toContain('2 passed');
  });
  it('are compiled by nestjs-flame/register behind tsx', () => answers(app, app.startBy('tsx', [...register, 'src/main.ts'], node24)));
  it('are compiled by nestjs-flame/register in nest start --watch', () =>
    followsChanges(app, app.startBy('nest', ['start', '--watch', '--exec', 'node --import nestjs-flame/register'], node24)));
  it('are compiled by the command in nest start --watch, under Node 20', () =>
    followsChanges(app, app.startBy('nest', ['start', '--watch', '--exec', 'nestjs-flame compile dist && exec node'], nodeOf('20'))));
  it.each(['tsc', 'swc'])('are compiled by the command after the builder %s, for Node 20', (builder) => {
    app.command('nest', ['build', '--builder', builder], node24);
    expect(app.command('nestjs-flame', ['compile', 'dist'], nodeOf('20'))).toBe('');
    return answers(app, app.start(nodeOf('20'), ['--enable-source-maps']));
  });
  it('are compiled by the plugin of the builder rspack', () => {
    app.command('nest', ['build', '--builder', 'rspack'], node24);
    expect(readFileSync(app.main, 'utf8')).toContain('AppService.answer/1');
    return answers(app, app.start(node24, ['--enable-source-maps']));
  });
});

describe('inline functions in a Nest 11 app (CommonJS)', () => {
  let app: NestApp;

  beforeAll(() => {
    app = new NestApp(folder, 'cjs', { cli: tool('@nestjs/cli@11'), node: process.execPath, tests: true, files: inlineApp(11) });
    app.installOnce();
    app.install(inject('tarball'));
    writeFileSync(
      join(app.folder, 'webpack.config.js'),
      `const { inlineFunctions } = require('nestjs-flame/unplugin');
module.exports = (options) => ({ ...options, devtool: 'inline-source-map', plugins: [...options.plugins, inlineFunctions.webpack()] });\n`,
    );
    app.edit('package.json', ': "ts-jest"', ': ["nestjs-flame/jest", { "transform": "ts-jest" }]');
    app.build();
  });

  it('are compiled by nestjs-flame/register', () => answers(app, app.start(nodeOf('24'), ['--enable-source-maps', ...register])));
  it('are compiled in Jest by the transformer, from the source and in a build with runners', () => {
    app.command('jest', [], nodeOf('24'));
  });
  it('are compiled by the plugin of the builder webpack', () => {
    app.command('nest', ['build', '--builder', 'webpack']);
    expect(existsSync(join(app.folder, 'dist/app.service.js'))).toBe(false);
    return answers(app, app.start(process.execPath, ['--enable-source-maps']));
  });
});
