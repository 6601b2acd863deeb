import { TerminusModule, HealthCheckService } from '@nestjs/terminus';
import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { FailingBackend } from '../../../../../test/support/failing-backend.js';
import { startApp } from '../../../../../test/support/nest-app.js';
import { LocalBackend } from '../../backends/local-backend.js';
import { FlameHealthIndicator } from './flame-health.js';
import { FlameModule } from './flame.module.js';
import { Flame } from '../flame/flame.service.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';

@Injectable()
class Work {
  readonly gates: (() => void)[] = [];

  @OnFlame('work')
  async hold(): Promise<void> {
    await new Promise<void>((open) => this.gates.push(open));
  }
}

describe('FlameHealthIndicator', () => {
  it('is an indicator of Terminus: up, then down with a reason', async () => {
    const app = await startApp({
      imports: [
        FlameModule.forRoot([
          { name: 'work', max: 1, maxConcurrency: 1 },
          { name: 'other', max: 1 },
        ]),
        TerminusModule.forRoot({ logger: false }),
      ],
      providers: [Work],
    });
    const [health, flame, work] = [app.get(HealthCheckService), app.get(FlameHealthIndicator), app.get(Work)];
    expect(await health.check([() => flame.check('flame')])).toMatchObject({
      status: 'ok',
      details: { flame: { status: 'up', pools: { work: { status: 'up', waiting: 0 }, other: { status: 'up' } } } },
    });

    const calls = [work.hold(), work.hold()];
    await expect.poll(() => work.gates.length).toBe(1);
    await expect(health.check([() => flame.check('flame', { pools: ['work'], maxWait: 0 })])).rejects.toMatchObject({
      status: 503,
      response: {
        error: {
          flame: { pools: { work: { status: 'down', waiting: 1, reason: expect.stringContaining('the oldest waiting call has waited') } } },
        },
      },
    });
    work.gates[0]!();
    await expect.poll(() => work.gates.length).toBe(2);
    work.gates[1]!();
    await Promise.all(calls);

    await app.get(Flame).pool('other').drain();
    await expect(health.check([() => flame.check('flame')])).rejects.toMatchObject({
      response: { error: { flame: { pools: { work: { status: 'up' }, other: { status: 'down', reason: 'it accepts no more calls' } } } } },
    });
  });

  it('is down if calls wait and every boot has failed', async () => {
    const backend = new FailingBackend(new LocalBackend(), Array<Error>(100).fill(new Error('no such machine')));
    const app = await startApp({ imports: [FlameModule.forRoot([{ name: 'work', max: 1 }], { backend })], providers: [Work] });
    const flame = app.get(FlameHealthIndicator);
    const call = app.get(Work).hold();
    await expect
      .poll(() => flame.check('flame'))
      .toMatchObject({
        flame: { status: 'down', pools: { work: { waiting: 1, reason: expect.stringMatching(/^every boot so far has failed \(\d+\)$/) } } },
      });
    await app.close();
    await expect(call).rejects.toMatchObject({ code: 'FLAME_REFUSED' });
  });
});
