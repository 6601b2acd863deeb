import { ContextIdFactory } from '@nestjs/core';
import type { ContextIdStrategy } from '@nestjs/core';
import { CLS_ID, ClsServiceManager } from 'nestjs-cls';
import { Flame } from 'nestjs-flame';
import { lastValueFrom, toArray } from 'rxjs';
import { expect, it, onTestFinished } from 'vitest';
import { ByTenant } from '../apps/src/conformance/by-tenant.js';
import { requestContext } from '../apps/src/conformance/request-context.js';
import { RequestService } from '../apps/src/conformance/request.service.js';
import { TenantOrders } from '../apps/src/conformance/tenant-orders.js';
import { failure } from '../support/failure.js';
import { rule } from '../support/conformance.js';

rule('Contexts travel with calls', (start) => {
  /** As in a request with that id. */
  function within<T>(id: string, task: () => T, more: Record<string, unknown> = {}): T {
    const cls = ClsServiceManager.getClsService();
    return cls.run(() => {
      cls.set(CLS_ID, id);
      for (const [key, value] of Object.entries(more)) cls.set(key, value);
      return task();
    });
  }

  it('provides the call with the context captured where it was made, and no other', async () => {
    const { app } = await start({}, { context: requestContext });
    const service = app.get(RequestService);
    const ids = Array.from({ length: 10 }, (_, i) => `request-${i}`);
    const calls = ids.flatMap((id) => [within(id, () => service.requestId()), service.requestId()]);
    expect(await Promise.all(calls)).toEqual(ids.flatMap((id) => [id, undefined]));
  });

  it('applies to a cast, and to calls through flame.on', async () => {
    const { app, file, marked } = await start({}, { context: requestContext });
    const log = file();
    await within('cast', () => app.get(RequestService).noteId(log));
    await marked(log, 'for cast');
    expect(await within('on', () => app.get(Flame).on('p', RequestService).requestId())).toBe('on');
  });

  it('applies for as long as a result streams', async () => {
    const { app } = await start({}, { context: requestContext });
    const service = app.get(RequestService);
    const ids: unknown[] = [];
    await within('stream', async () => {
      for await (const id of service.ids(3)) ids.push(id);
    });
    expect(ids).toEqual(['stream', 'stream', 'stream']);
    const ticks = within('ticks', () => lastValueFrom(service.idTicks(2).pipe(toArray())));
    expect(await ticks).toEqual(['ticks', 'ticks']);
  });

  it('creates durable providers once for each tenant in the context', async () => {
    ContextIdFactory.apply(new ByTenant());
    onTestFinished(() => ContextIdFactory.apply(undefined as unknown as ContextIdStrategy));
    const { app } = await start({ max: 1 }, { context: requestContext });
    const orders = app.get(Flame).on('p', TenantOrders);
    const whose: string[] = [];
    for (const tenant of ['a', 'b', 'a', 'b', 'a']) whose.push(await within(tenant, () => orders.whose(), { tenant }));
    const [a, b] = whose;
    expect([a, b]).toEqual([expect.stringMatching(/^a \d+$/), expect.stringMatching(/^b \d+$/)]);
    expect(whose).toEqual([a, b, a, b, a]);
  });

  it('sends nothing without the option', async () => {
    const { app } = await start();
    expect(await within('parent', () => app.get(RequestService).requestId())).toBeUndefined();
  });

  it('refuses values that cannot be encoded, with their path, and runs nothing', async () => {
    const { app, file, marks } = await start({}, { context: requestContext });
    const log = file();
    const error = await failure(within('bad', () => app.get(RequestService).noteId(log), { tenant: { log: () => 1 } }));
    expect(error).toMatchObject({ code: 'FLAME_ENCODING', ran: 'no' });
    expect(error.message).toContain('context of a call of RequestService.noteId');
    expect(error.message).toContain('context.tenant.log');
    expect(marks(log)).toEqual([]);
  });
});
