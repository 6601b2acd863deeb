import { Injectable } from '@nestjs/common';
import { Counter, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { startApp } from '../../../../test/support/nest-app.js';
import { FlameModule } from '../nest/module/flame.module.js';
import { OnFlame } from '../nest/decorator/on-flame.decorator.js';
import { FlameMetrics, FlameMetricsModule } from './flame-metrics.module.js';
import type { FlameMetricsOptions } from './flame-metrics.module.js';

@Injectable()
class Work {
  @OnFlame('work')
  async echo(value: string): Promise<string> {
    return value;
  }
}

describe('FlameMetricsModule', () => {
  const start = async (options: FlameMetricsOptions): Promise<FlameMetrics> => {
    const app = await startApp({
      imports: [FlameModule.forRoot([{ name: 'work', max: 1 }]), FlameMetricsModule.forRoot(options)],
      providers: [Work],
    });
    await app.get(Work).echo('hello');
    return app.get(FlameMetrics);
  };

  it("adds the pools' metrics to the app's own registry, beside its other metrics", async () => {
    const registry = new Registry();
    new Counter({ name: 'app_things_total', help: 'Things.', registers: [registry] }).inc();
    expect((await start({ registry })).registry).toBe(registry);
    const text = await registry.metrics();
    expect(text).toMatch(/^app_things_total 1$/m);
    expect(text).toMatch(/^flame_calls_total\{pool="work",outcome="returned"\} 1$/m);
  });

  it('names counters as OpenMetrics requires, if the registry is of that kind', async () => {
    const registry = new Registry();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as unknown as typeof Registry.PROMETHEUS_CONTENT_TYPE);
    await start({ registry });
    const text = await registry.metrics();
    expect(text).toMatch(/^# TYPE flame_calls counter$/m);
    expect(text).toMatch(/^flame_calls_total\{pool="work",outcome="returned"\} 1$/m);
    expect(text).not.toContain('_total_total');
  });

  it('omits the series of single runners if that is switched off', async () => {
    const names = async (options: FlameMetricsOptions): Promise<string[]> =>
      (await (await start(options)).registry!.getMetricsAsJSON())
        .map(({ name }) => name)
        .filter((name) => name.startsWith('flame_runner_'));
    expect(await names({})).toContain('flame_runner_resident_memory_bytes');
    expect(await names({ perRunner: false })).toEqual(['flame_runner_paid_seconds_total', 'flame_runner_used_seconds_total']);
  });

  it('keeps its counts when the registry is reset', async () => {
    const { registry } = await start({});
    registry!.resetMetrics();
    expect(await registry!.metrics()).toMatch(/^flame_calls_total\{pool="work",outcome="returned"\} 1$/m);
  });
});
