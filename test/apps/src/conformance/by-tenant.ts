import { ContextIdFactory } from '@nestjs/core';
import type { ContextId, ContextIdResolver, ContextIdStrategy, HostComponentInfo } from '@nestjs/core';
import { ClsServiceManager } from 'nestjs-cls';

/** One set of durable providers for each tenant, in requests and on runners alike. */
export class ByTenant implements ContextIdStrategy {
  readonly #parents = new Map<string, ContextId>();

  attach(contextId: ContextId): ContextIdResolver {
    const cls = ClsServiceManager.getClsService();
    const tenant = cls.isActive() ? (cls.get<string | undefined>('tenant') ?? '') : '';
    const parent = this.#parents.get(tenant) ?? ContextIdFactory.create();
    this.#parents.set(tenant, parent);
    return { resolve: (info: HostComponentInfo) => (info.isTreeDurable ? parent : contextId), payload: { tenant } };
  }
}
