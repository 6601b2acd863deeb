import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const from = createRequire(import.meta.url);
const oxlint = join(dirname(from.resolve('oxlint/package.json')), 'bin/oxlint');
const depcruise = join(root, 'node_modules/.bin/depcruise');

/** The folders of the library: each is a layer. */
const layers = readdirSync(join(root, 'libs/flame/src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());

/** One import in a folder of the library, and the rule that refuses it. */
const refused: [line: string, folder: string, rule: string][] = [
  [`import '../transport/a.js';`, 'core', 'core-imports'],
  [`import '../../backends/a.js';`, 'core/codec', 'core-imports'],
  [`import type { A } from '../pool/a.js'; export type P = A;`, 'core', 'core-imports'],
  [`import '../system/a.js';`, 'core', 'core-imports'],
  [`import 'node:net';`, 'core', 'core-is-pure'],
  [`import 'http';`, 'core', 'core-is-pure'],
  [`import 'node:timers/promises';`, 'core', 'core-is-pure'],
  [`import '@nestjs/common';`, 'core', 'core-is-pure'],
  [`import '@grpc/grpc-js';`, 'core', 'core-is-pure'],
  [`import '../transport/a.js';`, 'system', 'system-imports'],
  [`import '../backends/a.js';`, 'transport', 'transport-imports'],
  [`import '../../pool/a.js';`, 'transport/grpc', 'transport-imports'],
  [`import '../streams/a.js';`, 'transport', 'transport-imports'],
  [`import '@nestjs/common';`, 'transport', 'nest-above'],
  [`import '../transport/a.js';`, 'backends', 'backends-imports'],
  [`import '@grpc/grpc-js';`, 'backends', 'grpc-below'],
  [`import '../transport/a.js';`, 'streams', 'streams-imports'],
  [`import '../runner/a.js';`, 'pool', 'pool-imports'],
  [`import '../rpc/a.js';`, 'pool', 'pool-imports'],
  [`import '@nestjs/core';`, 'pool', 'nest-above'],
  [`await import('../pool/a.js');`, 'runner', 'runner-imports'],
  [`export * from '../nest/a.js';`, 'runner', 'runner-imports'],
  [`import '../pool/a.js';`, 'ops', 'ops-imports'],
  [`import '@nestjs/common';`, 'ops', 'nest-above'],
  [`import '@grpc/proto-loader';`, 'nest', 'grpc-below'],
  [`import '../testing/a.js';`, 'nest', 'no-tests'],
  [`import '../../../../test/a.js';`, 'nest', 'no-tests'],
  [`import '../rpc/a.js';`, 'nest', 'nest-imports'],
  [`import '../metrics/a.js';`, 'nest', 'nest-imports'],
  [`import '../cli/a.js';`, 'nest', 'nest-imports'],
  [`import '@grpc/grpc-js';`, 'rpc', 'grpc-below'],
  [`import '../dashboard/a.js';`, 'rpc', 'rpc-imports'],
  [`import '../testing/a.js';`, 'rpc', 'no-tests'],
  [`import '../nest/a.js';`, 'compile', 'compile-imports'],
  [`import '../nest/a.js';`, 'tracing', 'tracing-imports'],
  [`import '../core/a.js';`, 'novel', 'a-layer-of-its-own'],
];

const allowed: [line: string, folder: string][] = [
  [`import './codec/a.js'; import 'node:util'; import 'msgpackr';`, 'core'],
  [`import '../core/a.js'; import '../system/a.js'; import '@grpc/grpc-js'; import 'node:net';`, 'transport'],
  [`import '../core/a.js'; import '../system/a.js'; import 'node:child_process';`, 'backends'],
  [`import '../core/a.js'; import '../transport/a.js'; import '../backends/a.js';`, 'pool'],
  [`import '../core/a.js'; import '../transport/a.js'; import '../backends/a.js';`, 'runner'],
  [`import '../core/a.js'; import '../pool/a.js'; import '../runner/a.js'; import '../ops/a.js'; import '@nestjs/common';`, 'nest'],
  [`import '../core/a.js'; import '../runner/a.js'; import '../nest/a.js'; import '@nestjs/common';`, 'rpc'],
];

/** One line in `core`, and what the linter says to it. */
const impure: [line: string, complaint: string][] = [
  [`setTimeout(() => {}, 1);`, `Unexpected use of 'setTimeout'`],
  [`export const now = Date.now();`, 'Time comes into core as an argument'],
  [`export const dice = Math.random();`, 'Randomness comes into core as an argument'],
];

describe('the layers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flame-layers-'));
  let report: Record<string, string[]>;
  let linted: Record<string, string[]>;

  beforeAll(() => {
    for (const file of ['.dependency-cruiser.mjs', '.oxlintrc.json', 'tsconfig.json']) cpSync(join(root, file), join(folder, file));
    for (const layer of [...layers.map(({ name }) => name), 'core/codec']) plant(layer, 'a.ts', 'export type A = 1;');
    mkdirSync(join(folder, 'test'));
    writeFileSync(join(folder, 'test/a.ts'), 'export const a = 1;\n');
    refused.forEach(([line, layer], index) => plant(layer, `refused-${index}.ts`, line));
    allowed.forEach(([line, layer], index) => plant(layer, `allowed-${index}.ts`, line));
    impure.forEach(([line], index) => plant('core', `impure-${index}.ts`, line));
    plant('core', 'egg.ts', `import { hen } from './hen.js'; export const egg = () => hen;`);
    plant('core', 'hen.ts', `import { egg } from './egg.js'; export const hen = () => egg;`);
    report = cruise(folder);
    linted = lint(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, maxRetries: 5 }));

  it.each(refused.map(([line, layer, rule], index) => ({ line, layer, rule, index })))('refuse in $layer: $line', ({ rule, index }) =>
    expect(report[`refused-${index}.ts`]).toContain(rule),
  );

  it.each(allowed.map(([line, layer], index) => ({ line, layer, index })))('allow in $layer: $line', ({ index }) =>
    expect(report[`allowed-${index}.ts`]).toBeUndefined(),
  );

  it.each(impure.map(([line, complaint], index) => ({ line, complaint, index })))('refuse in core: $line', ({ complaint, index }) =>
    expect(linted[`impure-${index}.ts`]).toContainEqual(expect.stringContaining(complaint)),
  );

  it('refuse a cycle', () => {
    expect(linted['egg.ts']).toContainEqual(expect.stringContaining('Dependency cycle'));
    expect(linted['hen.ts']).toContainEqual(expect.stringContaining('Dependency cycle'));
  });

  function plant(layer: string, file: string, line: string): void {
    const path = join(folder, 'libs/flame/src', layer, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${line}\nexport const planted = true;\n`);
  }
});

/** The rules of `.dependency-cruiser.mjs` that are broken, by file name. */
function cruise(cwd: string): Record<string, string[]> {
  const { stdout } = spawnSync(depcruise, ['libs/flame/src', '--output-type', 'json'], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const { summary } = JSON.parse(stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } };
  return byFile(summary.violations.map(({ from, rule }) => [from, rule.name]));
}

/** What the linter says, by file name. */
function lint(cwd: string): Record<string, string[]> {
  const { stdout } = spawnSync(process.execPath, [oxlint, '-f', 'json'], { cwd, encoding: 'utf8' });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { message: string; help?: string; filename: string }[] };
  return byFile(diagnostics.map(({ filename, message, help = '' }) => [filename, `${message} ${help}`]));
}

function byFile(found: [file: string, text: string][]): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const [file, text] of found) (all[file.split('/').at(-1)!] ??= []).push(text);
  return all;
}
