import { UnauthorizedException } from '@nestjs/common';
import type { Request } from 'express';
import type { ContextCarrier } from 'nestjs-flame';
import { ClsServiceManager } from 'nestjs-cls';
import type { ClsService } from 'nestjs-cls';

const tenants = ['acme', 'globex'];

/** Finds the tenant of a request: here by a header, which stands for a checked token. */
export function setTenant(cls: ClsService, request: Request): void {
  const tenant = request.headers['x-tenant'] as string;
  if (!tenants.includes(tenant)) throw new UnauthorizedException();
  cls.set('tenant', tenant);
}

/** Sends the tenant with every call, and sets it around the handler. */
export const tenantContext: ContextCarrier<{ tenant?: string }> = {
  capture() {
    const cls = ClsServiceManager.getClsService();
    return cls.isActive() ? { tenant: cls.get('tenant') } : undefined;
  },
  run(context, next) {
    const cls = ClsServiceManager.getClsService();
    cls.runWith(context, next);
  },
};
