import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { SpawnedApp } from '../support/spawned-app.js';

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly functionName: string; readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

/** The folders of `libs/flame/src` whose modules are exported by a subpath, or used by none but subpaths. */
const ofSubpaths = /^(backends\/(docker|fly|kubernetes|platform|ssh)|bullmq|cli|dashboard|metrics|rpc|testing|tracing)\//;

it('A runner of a ProcessBackend app loads no module that only subpaths of the package need', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flame-coverage-'));
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
  const app = new SpawnedApp('rebuilt/main.js', { NODE_V8_COVERAGE: folder }, 'pipe');
  await app.line(/^\[parent\] is up$/);
  app.process.stdin!.write('\n');
  await app.line(/^\[answer\] old price$/);
  app.process.kill('SIGTERM');
  await app.exited;

  const [runner] = readdirSync(folder).filter((file) => !file.startsWith(`coverage-${app.pid}-`));
  const { result } = JSON.parse(readFileSync(join(folder, runner!), 'utf8')) as Coverage;
  const scripts = result.filter(({ url }) => url.includes('/dist/entry/'));
  expect(scripts.map(({ url }) => basename(url)).sort()).toEqual(['index.js', 'index.load.js', 'index.mjs', 'library.js', 'nest.js']);

  // The bundle has a function for each module, with the module's path as its name.
  const modules = scripts.flatMap(({ functions }) => functions.filter(({ functionName }) => functionName.endsWith('.js')));
  const loaded = modules.filter(({ ranges }) => ranges[0]!.count > 0).map(({ functionName }) => functionName);
  expect(loaded).toEqual(expect.arrayContaining(['index.js', 'backends/process/process-backend.js', 'runner/executor/executor.js']));
  expect(loaded.filter((module) => ofSubpaths.test(module))).toEqual([]);
});

it('The package loads neither gRPC nor what makes certificates: an app loads them when its first runner boots', () => {
  const code = `require('nestjs-flame'); console.log(Object.keys(require.cache).join('\\n'))`;
  const files = execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' }).split('\n');
  const packages = new Set(files.map((file) => /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1] ?? ''));
  expect([...packages]).toEqual(expect.arrayContaining(['reflect-metadata', 'msgpackr']));
  expect([...packages].filter((name) => /grpc|protobuf|selfsigned|pkijs/.test(name))).toEqual([]);
});

it('Classes of the package have the names under which it exports them', () => {
  const require = createRequire(import.meta.url);
  const { exports } = require('../../libs/flame/package.json') as { exports: Record<string, { require?: { default: string } }> };
  // Loading `register` changes this process, and it exports nothing.
  const files = Object.values(exports).flatMap(({ require }) => require?.default.replace(/.*register\.js$/, '') || []);
  const classes = files.flatMap((file) =>
    Object.entries(require(join('../../libs/flame', file)) as Record<string, unknown>).filter(
      (entry): entry is [string, () => unknown] => typeof entry[1] === 'function' && String(entry[1]).startsWith('class'),
    ),
  );
  expect(classes.map(([exported]) => exported)).toEqual(expect.arrayContaining(['FlameResource', 'FlameModule', 'FlameContext']));
  for (const [exported, { name }] of classes) expect(name).toBe(exported);
});
