import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { FlameModule } from 'nestjs-flame';
import { LossService } from './loss.service.js';
import { StreamService } from './stream.service.js';
import { WorkService } from './work.service.js';

/** The app of the conformance suite, under the pools that a test wants. A runner needs only their names. */
@Module({})
export class ConformanceModule {
  static with(...flame: Parameters<typeof FlameModule.forRoot>): DynamicModule {
    return {
      module: ConformanceModule,
      imports: [FlameModule.forRoot(...flame)],
      providers: [WorkService, StreamService, LossService],
      exports: [WorkService, StreamService, LossService],
    };
  }
}
