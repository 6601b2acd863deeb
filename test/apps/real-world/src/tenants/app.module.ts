import { Module } from '@nestjs/common';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { ClsModule } from 'nestjs-cls';
import { InvoicesController } from './invoices.controller.js';
import { InvoicesService } from './invoices.service.js';
import { TenantDatabases } from './tenant-databases.js';
import { setTenant, tenantContext } from './tenant-context.js';

@Module({
  imports: [
    ClsModule.forRoot({ global: true, middleware: { mount: true, setup: setTenant } }),
    FlameModule.forRoot([{ name: 'invoices', max: 1 }], { backend: new ProcessBackend(), context: tenantContext }),
  ],
  controllers: [InvoicesController],
  providers: [InvoicesService, TenantDatabases],
})
export class AppModule {}
