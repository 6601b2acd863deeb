import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const oxlint = join(dirname(createRequire(import.meta.url).resolve('oxlint/package.json')), 'bin/oxlint');

/** One line of code in a folder of the library, and what the linter has to say about it. */
const planted: [line: string, folder: string, complaint: string][] = [
  [`import '../wire/link.js';`, 'core', 'core imports nothing but core'],
  [`import '../../backends/backend.js';`, 'core/codec', 'core imports nothing but core'],
  [`import type { FlamePool } from '../parent/pool.js'; export type P = FlamePool;`, 'core', 'core imports nothing but core'],
  [`import 'node:net';`, 'core', 'core is pure'],
  [`import 'http';`, 'core', 'core is pure'],
  [`import 'node:timers/promises';`, 'core', 'core is pure'],
  [`import '@nestjs/common';`, 'core', 'core is pure'],
  [`import '@grpc/grpc-js';`, 'core', 'core is pure'],
  [`setTimeout(() => {}, 1);`, 'core', `Unexpected use of 'setTimeout'`],
  [`export const now = Date.now();`, 'core', 'Time comes into core as an argument'],
  [`export const dice = Math.random();`, 'core', 'Randomness comes into core as an argument'],
  [`import '../system/system.js';`, 'core', 'core imports nothing but core'],
  [`import '../wire/link.js';`, 'system', 'system imports core only'],
  [`import '../backends/backend.js';`, 'wire', 'wire imports core and system only'],
  [`import '../parent/pool.js';`, 'wire', 'wire imports core and system only'],
  [`import '@nestjs/common';`, 'wire', 'Only nest and what is built on it know Nest'],
  [`import '../wire/link.js';`, 'backends', 'backends import core and system only'],
  [`import '@grpc/grpc-js';`, 'backends', 'Only wire knows gRPC'],
  [`import '../wire/link.js';`, 'streams', 'streams imports core and system only'],
  [`import '../streams/streams.js';`, 'wire', 'wire imports core and system only'],
  [`import '../runner/executor.js';`, 'parent', 'parent imports core, system, wire, backends and streams only'],
  [`import '@nestjs/core';`, 'parent', 'Only nest and what is built on it know Nest'],
  [`await import('../parent/pool.js');`, 'runner', 'runner imports core, system, wire, backends and streams only'],
  [`export * from '../nest/flame.module.js';`, 'runner', 'runner imports core, system, wire, backends and streams only'],
  [`import '@grpc/proto-loader';`, 'nest', 'Only wire knows gRPC'],
  [`import '../testing/virtual-clock.js';`, 'nest', 'What is published does not import tests'],
  [`import '../rpc/region-calls.js';`, 'nest', 'nest does not import what is built on it'],
  [`import '../metrics/index.js';`, 'nest', 'nest does not import what is built on it'],
  [`import '../cli/main.js';`, 'nest', 'nest does not import what is built on it'],
  [`import '../rpc/region-calls.js';`, 'parent', 'parent imports core, system, wire, backends and streams only'],
  [`import '@grpc/grpc-js';`, 'rpc', 'Only wire knows gRPC'],
  [`import '../testing/virtual-clock.js';`, 'rpc', 'What is published does not import tests'],
  [`import '../testing/virtual-clock.js';`, 'wire', 'wire imports core and system only'],
  [`import '../../../../test/support/pool-world.js';`, 'nest', 'What is published does not import tests'],
];

/** What every layer may do. */
const sound: [line: string, folder: string][] = [
  [`import './frame.js'; import './codec/codec.js'; import '../core/frame.js'; import 'node:util'; import 'msgpackr';`, 'core'],
  [`import '../core/frame.js'; import '../system/system.js'; import '@grpc/grpc-js'; import 'node:net';`, 'wire'],
  [`import '../core/frame.js'; import '../system/system.js'; import 'node:child_process';`, 'backends'],
  [`import '../core/frame.js'; import '../wire/link.js'; import '../backends/backend.js';`, 'parent'],
  [`import '../core/frame.js'; import '../wire/link.js'; import '../backends/backend.js';`, 'runner'],
  [`import '../core/frame.js'; import '../parent/pool.js'; import '../runner/executor.js'; import '@nestjs/common';`, 'nest'],
  [`import '../core/frame.js'; import '../runner/executor.js'; import '../nest/flame-parent.js'; import '@nestjs/common';`, 'rpc'],
];

describe('the layers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flame-layers-'));
  let report: Record<string, string[]>;

  beforeAll(() => {
    cpSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
    planted.forEach(([line, layer], index) => plant(layer, `planted-${index}.ts`, line));
    sound.forEach(([line, layer], index) => plant(layer, `sound-${index}.ts`, line));
    plant('core', 'egg.ts', `import { hen } from './hen.js'; export const egg = () => hen;`);
    plant('core', 'hen.ts', `import { egg } from './egg.js'; export const hen = () => egg;`);
    report = lint(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(planted.map(([line, layer, complaint], index) => ({ line, layer, complaint, index })))(
    'refuse in $layer: $line',
    ({ complaint, index }) => expect(report[`planted-${index}.ts`]).toContainEqual(expect.stringContaining(complaint)),
  );

  it.each(sound.map(([line, layer], index) => ({ line, layer, index })))('allow in $layer: $line', ({ index }) =>
    expect(report[`sound-${index}.ts`]).toBeUndefined(),
  );

  it('are all known to the linter', () => {
    const config = readFileSync(join(root, '.oxlintrc.json'), 'utf8');
    const folders = readdirSync(join(root, 'libs/flame/src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const ruled = [...config.matchAll(/"libs\/flame\/src\/\{?([a-z,]+)\}?\/\*\*\/\*\.ts"/g)].flatMap(([, names]) => names!.split(','));
    expect(ruled).toEqual(expect.arrayContaining(folders.map(({ name }) => name)));
  });

  it('refuse a cycle', () => {
    expect(report['egg.ts']).toContainEqual(expect.stringContaining('Dependency cycle'));
    expect(report['hen.ts']).toContainEqual(expect.stringContaining('Dependency cycle'));
  });

  function plant(layer: string, file: string, line: string): void {
    const path = join(folder, 'libs/flame/src', layer, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${line}\nexport const planted = true;\n`);
  }
});

interface LintReport {
  readonly diagnostics: readonly { readonly message: string; readonly help?: string; readonly filename: string }[];
}

/** What the linter says, by file name. */
function lint(folder: string): Record<string, string[]> {
  const { stdout } = spawnSync(process.execPath, [oxlint, '-f', 'json'], { cwd: folder, encoding: 'utf8' });
  const complaints: Record<string, string[]> = {};
  for (const { filename, message, help = '' } of (JSON.parse(stdout) as LintReport).diagnostics) {
    (complaints[filename.split('/').at(-1)!] ??= []).push(`${message} ${help}`);
  }
  return complaints;
}
