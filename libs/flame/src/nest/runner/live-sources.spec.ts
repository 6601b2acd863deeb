import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Process, Processor } from '@nestjs/bull';
import { ModulesContainer } from '@nestjs/core';
import { Cron, Interval, ScheduleModule, Timeout } from '@nestjs/schedule';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startApp } from '../../../../../test/support/nest-app.js';
import { howToSwitchOff, liveSources } from './live-sources.js';

class SchedulerRegistry {
  getCronJobs(): Map<string, object> {
    return new Map([
      ['nightly', { isActive: true }],
      ['older', { running: true }],
      ['stopped', { isActive: false }],
    ]);
  }
  getIntervals(): string[] {
    return ['beat'];
  }
  getTimeouts(): string[] {
    return ['once'];
  }
}

class WorkerHost {
  get worker(): object {
    throw new Error('not yet initialized');
  }
}
class Waiting extends WorkerHost {}
class Encoder extends WorkerHost {
  override get worker(): object {
    return {};
  }
}

/** Shaped like the one of bull; bullmq's has no handlers. */
class Queue {
  readonly name: string = 'bare';
  readonly handlers?: object;
}
class Consumed extends Queue {
  override readonly name = 'mails';
  override readonly handlers = { __default__: () => undefined };
}
class Idle extends Queue {
  override readonly name = 'idle';
  override readonly handlers = {};
}
/** Shaped like the one of bullmq. */
class Worker {
  readonly name: string = 'reports';
  isRunning(): boolean {
    return true;
  }
}
class Stopped extends Worker {
  override readonly name = 'stopped';
  override isRunning(): boolean {
    return false;
  }
}
class Holder {
  readonly worker = new Worker();
  readonly stopped = new Stopped();
  readonly again = this.worker;
  get explodes(): never {
    throw new Error('a getter was called');
  }
}
class AmqpConnection {
  readonly consumerTags = ['orders', 'refunds'];
}
class SqsService {
  readonly consumers = new Map([['uploads', {}]]);
}

describe('liveSources', () => {
  async function live(...providers: (new () => object)[]): Promise<string[]> {
    const app = await startApp({ providers });
    return liveSources(app.get(ModulesContainer)).filter((source) => !source.startsWith('it listens'));
  }

  it('finds nothing in an app without sources', async () => {
    expect(await live()).toEqual([]);
  });

  it('names running cron jobs, intervals and timeouts', async () => {
    expect(await live(SchedulerRegistry)).toEqual(['it runs cron jobs (nightly, older)', 'it runs intervals and timeouts (beat, once)']);
  });

  it('names schedules that have no name by class and method', async () => {
    class Base {
      @Cron('0 0 1 1 *')
      inherited(): void {}
    }
    class Reports extends Base {
      @Cron('0 0 1 1 *')
      daily(): void {}
      @Cron('0 0 1 1 *', { name: 'nightly' })
      nightly(): void {}
      @Interval(60_000)
      beat(): void {}
      @Timeout(60_000)
      once(): void {}
    }
    const app = await startApp({ imports: [ScheduleModule.forRoot()], providers: [Reports] });
    expect(liveSources(app.get(ModulesContainer)).filter((source) => !source.startsWith('it listens'))).toEqual([
      'it runs cron jobs (nightly, Reports.daily, Reports.inherited)',
      'it runs intervals and timeouts (Reports.beat, Reports.once)',
    ]);
  });

  it('names queue consumers that have a worker', async () => {
    expect(await live(Waiting, Encoder)).toEqual(['it consumes a queue (Encoder)']);
  });

  it('names the queues that bull and bullmq consume, also if a provider holds the consumer', async () => {
    expect(await live(Queue, Consumed, Idle)).toEqual(['it consumes a queue (mails)']);
    expect(await live(Worker, Stopped)).toEqual(['it consumes a queue (reports)']);
    expect(await live(Holder)).toEqual(['it consumes a queue (reports)']);
  });

  it('names the methods with which @nestjs/bull consumes a queue', async () => {
    @Processor('mails')
    class Mailer {
      @Process('send')
      send(): void {}
      @Process('digest')
      digest(): void {}
      plain(): void {}
    }
    @Processor('other')
    class Other {
      @Process()
      run(): void {}
    }
    expect(await live(Consumed, Mailer, Other)).toEqual(['it consumes a queue (mails: Mailer.send, Mailer.digest)']);
  });

  it('names the queues that consumers of RabbitMQ and SQS have', async () => {
    expect(await live(AmqpConnection, SqsService)).toEqual(['it consumes a queue (orders, refunds)', 'it consumes a queue (uploads)']);
  });

  it('says for each kind of source how to switch it off, once', () => {
    const [jobs, timers] = ['it runs cron jobs (nightly)', 'it runs intervals and timeouts (beat)'];
    const schedules = /^pass cronJobs: !FlameParent\.get\(\), [^;]* to ScheduleModule\.forRoot\(\)$/;
    for (const sources of [[jobs], [timers], [jobs, timers]]) expect(howToSwitchOff(sources)).toMatch(schedules);
    expect(howToSwitchOff(['it consumes a queue (mails)', 'it consumes a queue (reports)'])).toMatch(
      /^keep the queue's consumer out with FlameParent\.unlessRunner\(\[…\]\) or, if other classes inject it, [^;]*$/,
    );
    expect(howToSwitchOff([jobs, 'it listens on port 80'])).toMatch(/; open the server only if \(!FlameParent\.get\(\)\)$/);
  });

  it('names open ports', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const app = await startApp({});
    expect(liveSources(app.get(ModulesContainer))).toContain(`it listens on port ${(server.address() as AddressInfo).port}`);
  });
});
