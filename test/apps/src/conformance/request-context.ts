import { CLS_ID, ClsServiceManager } from 'nestjs-cls';
import type { ContextCarrier } from 'nestjs-flame';

/** What travels of a request: its id, and whose it is. Not the request itself, which could not cross. */
export const requestContext: ContextCarrier<{ id: string; tenant?: string }> = {
  capture() {
    const cls = ClsServiceManager.getClsService();
    return cls.isActive() ? { id: cls.getId(), tenant: cls.get('tenant') } : undefined;
  },
  run({ id, tenant }, next) {
    const cls = ClsServiceManager.getClsService();
    cls.run(() => {
      cls.set(CLS_ID, id);
      cls.set('tenant', tenant);
      next();
    });
  },
};
