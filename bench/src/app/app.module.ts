import { Module } from '@nestjs/common';
import { FlameModule, LocalBackend, ProcessBackend } from 'nestjs-flame';
import { FlameDashboardModule } from 'nestjs-flame/dashboard';
import { FlameMetricsModule } from 'nestjs-flame/metrics';
import { flameTracing } from 'nestjs-flame/tracing';
import { all, column, observed } from './column.js';
import { EchoService } from './echo.service.js';

/** One slot for each caller of the largest scenario. */
const maxConcurrency = 256;
/** Without shared memory, as between hosts. */
const overStream = column === 'stream';
/** The pool whose runner boots at the start. The other pools have no runner then. */
const warm = column === 'local' ? 'local' : column === undefined || column === 'idle' ? undefined : 'process';

@Module({
  imports: [
    FlameModule.forRoot(
      [
        { name: 'process', min: warm === 'process' ? 1 : 0, max: 1, maxConcurrency },
        { name: 'local', min: warm === 'local' ? 1 : 0, max: 1, maxConcurrency, backend: new LocalBackend() },
        { name: 'cold', max: 1, singleUse: true },
        { name: 'cpu', min: column === 'process' ? 2 : 0, max: 2, maxConcurrency: 1 },
      ],
      {
        backend: new ProcessBackend(),
        ...(overStream ? { sharedMemoryFrom: Infinity } : undefined),
        ...(observed ? { ops: { port: 0 }, tracing: all ? flameTracing() : undefined } : undefined),
      },
    ),
    ...(observed ? [FlameMetricsModule.forRoot(), FlameDashboardModule.forRoot()] : []),
  ],
  providers: [EchoService],
})
export class AppModule {}
