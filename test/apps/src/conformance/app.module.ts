import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ClsModule } from 'nestjs-cls';
import { FlameModule } from 'nestjs-flame';
import { Counter } from './counter.js';
import { InlinePerCall, InlineService } from './inline.service.js';
import { LossService } from './loss.service.js';
import { NestedService } from './nested.service.js';
import { PagesService } from './pages.service.js';
import { RequestService } from './request.service.js';
import { StreamService } from './stream.service.js';
import { TenantOrders } from './tenant-orders.js';
import { ValuesService } from './values.service.js';
import { WorkService } from './work.service.js';

/** The app of the conformance suite, under the pools that a test wants. A runner needs only their names. */
@Module({})
export class ConformanceModule {
  static with(...flame: Parameters<typeof FlameModule.forRoot>): DynamicModule {
    return {
      module: ConformanceModule,
      imports: [ClsModule.forRoot({ global: true }), FlameModule.forRoot(...flame)],
      providers: [
        WorkService,
        StreamService,
        LossService,
        NestedService,
        RequestService,
        PagesService,
        ValuesService,
        Counter,
        TenantOrders,
        InlineService,
        InlinePerCall,
      ],
      exports: [WorkService, StreamService, LossService, NestedService, RequestService, PagesService, ValuesService, InlineService],
    };
  }
}
