import { ModulesContainer } from '@nestjs/core';
import type { BuildOptions } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { bundledClasses } from '../../../../../test/support/bundled-classes.js';
import { logged, startApp } from '../../../../../test/support/nest-app.js';
import { FlameModule } from '../module/flame.module.js';
import * as flame from '../flame/flame.service.js';
import { minifiedNames } from './minified-names.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';
import type { Class } from './provider-home.js';

const source = `
import { Injectable, Module } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';

@Injectable() export class Db { find() { return 'found'; } }
@Injectable() export class S3 { constructor(readonly db: Db) {} @OnFlame('work') async put(): Promise<string> { return 'put'; } }
@Injectable() export class LedgerService { @OnFlame('work') async write(): Promise<string> { return 'written'; } }
@Injectable() export class LargeLedgerService extends LedgerService { async read(): Promise<string> { return 'read'; } }
@Module({ providers: [Db, S3, LedgerService, LargeLedgerService], exports: [S3, LedgerService] }) export class LedgerModule {}
@Module({ imports: [LedgerModule] }) export class AppModule {}
`;

type Built = Record<'Db' | 'S3' | 'LedgerService' | 'LargeLedgerService' | 'LedgerModule' | 'AppModule', Class<object>>;

async function start(options: BuildOptions): Promise<{ classes: Built; minified: string[]; warnings: string[] }> {
  const classes = await bundledClasses<Built>(source, { 'nestjs-flame': { ...flame, OnFlame } }, options);
  const app = await startApp({ imports: [FlameModule.forRoot([{ name: 'work', max: 1 }]), classes.AppModule as never] });
  const isMinified = minifiedNames(app.get(ModulesContainer));
  const minified = Object.entries(classes)
    .filter(([, type]) => isMinified(type))
    .map(([name]) => name);
  return { classes, minified, warnings: logged.filter((line) => line.includes('minified')) };
}

const all = ['AppModule', 'Db', 'LargeLedgerService', 'LedgerModule', 'LedgerService', 'S3'];

describe('minifiedNames', () => {
  it.each<[string, BuildOptions]>([
    ['node20', { minify: true }],
    ['es2020', { minify: true, target: 'es2020' }],
  ])('finds the names that esbuild minified for %s, and a pool warns of them once', async (_, options) => {
    const { classes, minified, warnings } = await start(options);
    expect(minified.toSorted()).toEqual(all);
    expect(warnings).toEqual([expect.stringMatching(/^warn Flame: "\w\.put", "\w\.write", "\w\.write": handlers are named after classes/)]);
    expect(warnings[0]).toContain(`"${classes.S3.name}.put"`);
    expect(warnings[0]).toMatch(/keepNames with esbuild.* or name each handler: @OnFlame\(…, \{ name: '…' \}\)\.$/);
  });

  it.each<[string, BuildOptions]>([
    ['minified with keepNames', { minify: true, keepNames: true }],
    ['minified with keepNames for an older target', { minify: true, keepNames: true, target: 'es2020' }],
    ['stripped of its white space', { minifyWhitespace: true, minifySyntax: true }],
    ['bundled', {}],
  ])('finds none if esbuild %s', async (_, options) => {
    const { minified, warnings } = await start(options);
    expect(minified).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('finds the names in lower case if only identifiers were minified', async () => {
    const { classes, minified } = await start({ minifyIdentifiers: true });
    expect(minified).toEqual(Object.keys(classes).filter((name) => /^[a-z_$]/.test(classes[name as keyof Built].name)));
    expect(minified.length).toBeGreaterThan(0);
  });

  const inSource = (name: string): Class => new Function(`return class ${name} {\n  run() {}\n}`)() as Class;
  const unnamed = (name: string): Class => new Function(`var ${name}=class{run(){}};return ${name}`)() as Class;
  const minifiedAs = (name: string): Class => new Function(`return class ${name}{run(){}}`)() as Class;
  const function5 = (name: string): Class => new Function(`return function ${name}(t){this.t=t}`)() as Class;

  /** The modules of an app of these classes. */
  function appOf(...classes: Class[]): ModulesContainer {
    const metatypes = classes.map((metatype) => ({ metatype, providers: new Map(), controllers: new Map() }));
    return new Map(metatypes.entries()) as unknown as ModulesContainer;
  }

  const kept = appOf(...['AppModule', 'Db', 'UsersModule'].map(minifiedAs));
  const mangled = appOf(...['t', 'Qe', 'AppModule'].map(minifiedAs));

  it.each(['Db', 'Ai', 'S3', 'Io', 'Id', 'A', 'sms', 'api', 'App', '_Db', 'Ünï', '数', 'LedgerService'])(
    'accepts %s in hand-written source',
    (name) => {
      for (const app of [kept, mangled]) expect(minifiedNames(app)(inSource(name))).toBe(false);
    },
  );

  it.each(['Db', 'Ai', 'S3', 'Io', 'Id', 'A', 'Qe', 'sms', 'aZ1'])(
    'finds %s only if other classes of minified source have short names, too',
    (name) => {
      expect(minifiedNames(kept)(minifiedAs(name))).toBe(false);
      expect(minifiedNames(mangled)(minifiedAs(name))).toBe(true);
      expect(minifiedNames(mangled)(function5(name))).toBe(true);
      expect(minifiedNames(mangled)(unnamed(name))).toBe(true);
    },
  );

  it.each(['e', 't2', '_a', '$', '_', 'ae'])('finds %s', (name) => {
    for (const app of [kept, mangled]) for (const type of [inSource(name), minifiedAs(name)]) expect(minifiedNames(app)(type)).toBe(true);
  });

  it('finds classes without a name, but not one that sets its own name', () => {
    expect(minifiedNames(kept)(class {})).toBe(true);
    const named = new Function('o', 'return class{static{o(this,"Db")}run(){}}')((type: object, value: string) =>
      Object.defineProperty(type, 'name', { value }),
    ) as Class;
    expect(minifiedNames(mangled)(named)).toBe(false);
  });
});
