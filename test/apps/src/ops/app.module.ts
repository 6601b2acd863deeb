import { Controller, Get, Module, Param, Post } from '@nestjs/common';
import { context, propagation, trace } from '@opentelemetry/api';
import { FlameModule, FlameParent, FlamePool, InjectPool, ProcessBackend } from 'nestjs-flame';
import type { FlameModuleOptions, PoolMetrics } from 'nestjs-flame';
import { FlameMetricsModule } from 'nestjs-flame/metrics';
import { flameTracing } from 'nestjs-flame/tracing';
import { spans } from './spans.js';
import type { SpanRecord } from './spans.js';
import { Shelf, WorkService } from './work.service.js';

@Controller()
class WorkController {
  constructor(
    private readonly work: WorkService,
    @InjectPool('work') private readonly pool: FlamePool,
  ) {}

  @Post('call/:method/:arg')
  async call(@Param('method') method: keyof WorkService, @Param('arg') arg: string): Promise<unknown> {
    const run = this.work[method].bind(this.work) as (arg: unknown) => Promise<unknown>;
    return { value: await run(method === 'echo' || method === 'print' ? arg : Number(arg)) };
  }

  /** Takes no more calls, and answers when nothing is left. */
  @Post('drain')
  async drain(): Promise<void> {
    await this.pool.drain();
  }

  /** Makes a call within a span of the app's own, with baggage. */
  @Post('traced/:method/:arg')
  traced(@Param('method') method: keyof WorkService, @Param('arg') arg: string): Promise<unknown> {
    const baggage = propagation.createBaggage({ tenant: { value: 'acme' } });
    return context.with(propagation.setBaggage(context.active(), baggage), () =>
      trace.getTracer('app').startActiveSpan('app.request', (span) =>
        this.call(method, arg)
          .catch((error: Error) => ({ error: error.message }))
          .finally(() => span.end()),
      ),
    );
  }

  /** What has been exported here, and on the runner. */
  @Get('spans')
  async spans(): Promise<{ parent: SpanRecord[]; runner: SpanRecord[] }> {
    return { runner: (await this.work.spans()) as SpanRecord[], parent: spans() };
  }

  @Get('metrics.json')
  metrics(): PoolMetrics {
    return this.pool.metrics();
  }
}

const options = JSON.parse(process.env['OPTIONS'] ?? '{}') as Partial<FlameModuleOptions>;

@Module({
  imports: [
    FlameMetricsModule.forRoot(),
    FlameModule.forRoot(
      [
        { name: 'work', min: Number(process.env['MIN'] ?? 1), max: 2, maxConcurrency: 4, shutdownTimeout: 5_000 },
        { name: 'spare', max: 1 },
      ],
      {
        backend: new ProcessBackend(),
        handlers: [Shelf],
        ...(process.env['TRACING'] ? { tracing: flameTracing() } : {}),
        ...options,
      },
    ),
  ],
  controllers: FlameParent.unlessRunner([WorkController]),
  providers: [WorkService],
})
export class AppModule {}
