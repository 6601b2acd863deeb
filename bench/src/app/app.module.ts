import { Module } from '@nestjs/common';
import { FlameModule, LocalBackend, ProcessBackend } from 'nestjs-flame';
import { FlameDashboardModule } from 'nestjs-flame/dashboard';
import { FlameMetricsModule } from 'nestjs-flame/metrics';
import { flameTracing } from 'nestjs-flame/tracing';
import { EchoService } from './echo.service.js';

/** The pool that has its runner at start; the others have none. */
const warm = process.argv[3];
/** A slot for each caller of the largest scenario. */
const maxConcurrency = 256;
/** As on other hosts, where memory is not shared. */
const overStream = warm === 'stream';
/** With all that shows what runs; then with somebody who looks at the dashboard, or with traces. */
export const watched = warm === 'watched';
export const traced = warm === 'sampled' || warm === 'traced';
export const observed = warm === 'observed' || watched || traced;

@Module({
  imports: [
    FlameModule.forRoot(
      [
        { name: 'process', min: warm === 'process' || overStream || observed ? 1 : 0, max: 1, maxConcurrency },
        { name: 'local', min: warm === 'local' ? 1 : 0, max: 1, maxConcurrency, backend: new LocalBackend() },
        { name: 'cold', max: 1, singleUse: true },
        { name: 'cpu', min: warm === 'process' ? 2 : 0, max: 2, maxConcurrency: 1 },
      ],
      {
        backend: new ProcessBackend(),
        ...(overStream ? { sharedMemoryFrom: Infinity } : undefined),
        ...(observed ? { ops: { port: 0 }, tracing: traced ? flameTracing() : undefined } : undefined),
      },
    ),
    ...(observed ? [FlameMetricsModule.forRoot(), FlameDashboardModule.forRoot()] : []),
  ],
  providers: [EchoService],
})
export class AppModule {}
