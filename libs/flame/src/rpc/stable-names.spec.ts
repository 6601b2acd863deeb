import { Injectable, Module } from '@nestjs/common';
import type { BuildOptions } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { bundledClasses } from '../../../../test/support/bundled-classes.js';
import { startApp } from '../../../../test/support/nest-app.js';
import { Regions } from '../../../../test/support/regions.js';
import { FlameRpcModule } from './flame-rpc.module.js';
import { OnRegion } from './on-region.decorator.js';
import { RegionRpc } from './region-rpc.service.js';

interface Ledger {
  write(entry: string): Promise<string>;
  other(): Promise<string>;
}
interface Built {
  LedgerService: new () => Ledger;
  AppModule: never;
}

/** Two builds of an app: the second has a class more, which changes what a minifier calls the others. */
function buildOf(version: 1 | 2, options: BuildOptions, decorator = `@OnRegion('primary')`): Promise<Built> {
  const audit = `@Injectable() export class AuditService { ${decorator.replace('ledger', 'audit')} async write(entry: string): Promise<string> { return 'audited ' + entry; } }`;
  const source = `
    import { Injectable, Module } from '@nestjs/common';
    import { OnRegion } from 'nestjs-flame/rpc';
    ${version === 2 ? audit : ''}
    @Injectable() export class LedgerService { ${decorator} async write(entry: string): Promise<string> { return 'booked ' + entry; } async other() { return 'other'; } }
    @Module({ providers: [${version === 2 ? 'AuditService, ' : ''}LedgerService] }) export class AppModule {}`;
  return bundledClasses<Built>(source, { 'nestjs-flame/rpc': { OnRegion } }, options);
}

/** The old build far away, calling the new one in the primary region. */
async function oldAndNew(options: BuildOptions, decorator?: string): Promise<{ ledger: Ledger; rpc: RegionRpc; old: Built }> {
  const [old, next] = [await buildOf(1, options, decorator), await buildOf(2, options, decorator)];
  const regions = new Regions();
  const [syd, hkg] = [await regions.start('syd', { imports: [next.AppModule] }), await regions.start('hkg', { imports: [old.AppModule] })];
  await Promise.all([regions.see(syd, 2), regions.see(hkg, 2)]);
  return { ledger: hkg.get(old.LedgerService), rpc: hkg.get(RegionRpc), old };
}

/** A class of a module of its own. */
function reports(module: string, decorated: boolean): { type: new () => object; module: never } {
  @Injectable()
  class ReportsService {
    @OnRegion('primary', decorated ? {} : { name: `${module}.render` })
    async render(): Promise<void> {}

    other(): void {}
  }
  const type = { [module]: class {} }[module]!;
  Module({ providers: [ReportsService] })(type);
  return { type: ReportsService, module: type as never };
}

describe('stableHandlers', () => {
  it('refuses at start names that look minified, and names the fix', async () => {
    const { AppModule, LedgerService } = await buildOf(1, { minify: true });
    await expect(startApp({ imports: [FlameRpcModule.forRoot(), AppModule] })).rejects.toMatchObject({
      code: 'FLAME_CONFIG',
      message: expect.stringMatching(
        new RegExp(
          `^the handler "${LedgerService.name}\\.write" .* looks minified\\. .* may lead to another method\\. Keep the names of classes .*keepNames with esbuild.*` +
            `, or name the method: @OnRegion\\(…, { name: '…' }\\)\\.$`,
        ),
      ),
    });
  });

  it('finds the same method in every build if class names are kept', async () => {
    const { ledger } = await oldAndNew({ minify: true, keepNames: true });
    expect(await ledger.write('a')).toBe('booked a');
  });

  it('finds the same method in every build if the methods have names, and then no other method of their classes', async () => {
    const { ledger, rpc, old } = await oldAndNew({ minify: true }, `@OnRegion('primary', { name: 'ledger.write' })`);
    expect(await ledger.write('a')).toBe('booked a');
    expect(() => rpc.onPrimary(old.LedgerService).other()).toThrow(/other/);
  });

  it('refuses a class in `handlers` whose name looks minified, without suggesting the decorator', async () => {
    const { AppModule, LedgerService } = await buildOf(1, { minify: true }, '');
    await expect(startApp({ imports: [FlameRpcModule.forRoot({ handlers: [LedgerService] }), AppModule] })).rejects.toThrow(
      /looks minified.*with swc\.$/,
    );
  });

  it.each(['Db', 'Ai', 'S3', 'Io', 'Id'])('accepts %s', async (name) => {
    const source = `
      import { Injectable, Module } from '@nestjs/common';
      import { OnRegion } from 'nestjs-flame/rpc';
      @Injectable() export class ${name} { @OnRegion('primary') async find(): Promise<string> { return 'found'; } }
      @Module({ providers: [${name}] }) export class AppModule {}`;
    for (const options of [{}, { minify: true, keepNames: true }]) {
      const built = await bundledClasses<Record<string, never>>(source, { 'nestjs-flame/rpc': { OnRegion } }, options);
      const app = await startApp({ imports: [FlameRpcModule.forRoot(), built['AppModule']!] });
      expect(await app.get<{ find(): Promise<string> }>(built[name]!).find()).toBe('found');
    }
  });

  it('qualifies classes with one name by their modules', async () => {
    const [one, two] = [reports('AdminModule', true), reports('BillingModule', true)];
    await startApp({ imports: [FlameRpcModule.forRoot(), one.module, two.module] });
  });

  it('refuses classes with one name in modules with one name, unless their methods have names', async () => {
    const [one, two] = [reports('BillingModule', true), reports('BillingModule', true)];
    await expect(startApp({ imports: [FlameRpcModule.forRoot(), one.module, two.module] })).rejects.toThrow(
      /the handler "ReportsService\.render@BillingModule" .* only by the order of the modules\. .* Rename one of the two classes, or of their modules, or name the method/,
    );
    const [given, other] = [reports('BillingModule', false), reports('BillingModule', true)];
    await expect(startApp({ imports: [FlameRpcModule.forRoot(), given.module, other.module] })).rejects.toThrow('#2');
    const [first, second] = [reports('AdminModule', false), reports('BillingModule', false)];
    await startApp({ imports: [FlameRpcModule.forRoot(), first.module, second.module] });
  });
});
