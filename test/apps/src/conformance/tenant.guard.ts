import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { ClsService } from 'nestjs-cls';
import { FlameContext } from 'nestjs-flame';

/** Lets a call through whose first argument is the tenant that it is made for. */
@Injectable()
export class TenantGuard implements CanActivate {
  constructor(private readonly cls: ClsService) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType<string>() !== 'flame') return true;
    const { args } = FlameContext.create(context);
    return args[0] === this.cls.get('tenant');
  }
}
