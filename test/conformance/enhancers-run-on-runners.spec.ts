import { ForbiddenException, GoneException } from '@nestjs/common';
import { ClsServiceManager } from 'nestjs-cls';
import { Flame } from 'nestjs-flame';
import { lastValueFrom, toArray } from 'rxjs';
import { expect, it } from 'vitest';
import { requestContext } from '../apps/src/conformance/request-context.js';
import { RequestService } from '../apps/src/conformance/request.service.js';
import { rule } from '../support/conformance.js';

rule('Enhancers run on runners if the handler asks for them', (start) => {
  function asTenant<T>(tenant: string, task: () => T): T {
    const cls = ClsServiceManager.getClsService();
    return cls.run(() => {
      cls.set('tenant', tenant);
      return task();
    });
  }

  it('lets a guard refuse a call: the caller gets a ForbiddenException, and the handler does not run', async () => {
    const { app, file, marks } = await start({ max: 1 }, { context: requestContext });
    const service = app.get(RequestService);
    const log = file();
    const [runner] = (await asTenant('acme', () => service.invoices('acme', log))).split(' ').slice(-1);
    expect(runner).toMatch(/^p-/);
    expect(marks(log)).toHaveLength(1);
    const denied = asTenant('evil', () => service.invoices('acme', log));
    await expect(denied).rejects.toSatisfy((error) => error instanceof ForbiddenException && error.getStatus() === 403);
    const through = asTenant('evil', () => app.get(Flame).on('p', RequestService).invoices('acme', log));
    await expect(through).rejects.toBeInstanceOf(ForbiddenException);
    expect(marks(log)).toHaveLength(1);
  });

  it('runs no enhancers around a handler without the option', async () => {
    const { app } = await start({}, { context: requestContext });
    expect(await asTenant('evil', () => app.get(RequestService).unguarded('acme'))).toBe('everything');
    await expect(app.get(RequestService).unfiltered('out')).rejects.toBeInstanceOf(RangeError);
  });

  it('runs no enhancers around a method that a handler calls directly', async () => {
    const { app, file } = await start();
    expect(await app.get(RequestService).nested(file())).toContain('the invoices of nobody');
  });

  it('lets interceptors see results, and each item of an Observable', async () => {
    const { app } = await start({ max: 1 });
    const service = app.get(RequestService);
    const signed = await service.signed('done');
    const signature = signed.slice('done'.length);
    expect(signature).toMatch(/^ by p-/);
    const ticks = await lastValueFrom(service.signedTicks('a', 'b').pipe(toArray()));
    expect(ticks).toEqual([`a${signature}`, `b${signature}`]);
  });

  it('passes other streams through unchanged', async () => {
    const { app } = await start();
    const items: string[] = [];
    for await (const item of app.get(RequestService).signedWhole('a', 'b')) items.push(item);
    expect(items).toEqual(['a', 'b']);
  });

  it('lets exception filters replace an error', async () => {
    const { app } = await start();
    await expect(app.get(RequestService).filtered('out')).rejects.toSatisfy(
      (error) => error instanceof GoneException && error.message === 'out',
    );
  });
});
