import { Injectable, Module, Scope } from '@nestjs/common';
import type { ModuleMetadata } from '@nestjs/common';
import { WorkerHost } from '@nestjs/bullmq';
import { Test } from '@nestjs/testing';
import type { Job } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { FlameTestingModule } from '../testing/index.js';
import { FlameProcessor } from './flame-processor.decorator.js';
import type { FlameProcessorOptions } from './processor-options.js';
import { failure } from '../../../../test/support/failure.js';
import { jobOnRunner } from './flame-job.js';
import type { FlameJob, JobCopy } from './flame-job.js';

class Renders extends WorkerHost {
  async process(job: FlameJob<{ title: string }>): Promise<string> {
    return `${job.data.title}.mp4`;
  }
}

describe('FlameProcessor', () => {
  it('leaves instances that Nest did not make as they are', async () => {
    class Own extends Renders {}
    FlameProcessor('renders', 'films')(Own);
    expect(await new Own().process({ data: { title: 'Up' } } as Job)).toBe('Up.mp4');
  });

  it('refuses a method that takes a whole Job, by its type', () => {
    abstract class WithJob extends WorkerHost {
      override async process(job: Job): Promise<unknown> {
        return job.getState();
      }
    }
    // @ts-expect-error a runner has no connection for the methods of a Job
    expect(() => FlameProcessor('renders', 'films')(WithJob)).not.toThrow();
  });

  it.each([
    [{ concurrency: 0 }, /@FlameProcessor on Own\.concurrency must be a whole number of at least 1/],
    [{ retries: 3 }, /@FlameProcessor on Own\.retries is not an option/],
    [{ worker: { concurrency: 3 } }, /@FlameProcessor on Own\.worker must not have concurrency.*Set the option concurrency/],
    [{ worker: { autorun: true } }, /@FlameProcessor on Own\.worker must not have autorun/],
  ])('refuses the options %j', (options, text) => {
    class Own extends Renders {}
    expect(() => FlameProcessor('renders', 'films', options as FlameProcessorOptions)(Own)).toThrow(text);
  });

  describe('when the app starts', () => {
    /** The error of an app with these providers. */
    const refused = async (metadata: ModuleMetadata): Promise<{ code: string; message: string }> => {
      const { imports = [] } = metadata;
      const pools = FlameTestingModule.forRoot([{ name: 'films', max: 1 }]);
      const app = await Test.createTestingModule({ ...metadata, imports: [pools, ...imports] }).compile();
      const error = await failure(app.init());
      await app.close();
      return error;
    };

    @Injectable({ scope: Scope.REQUEST })
    class Tenant {}

    it.each([
      ['it is request-scoped', Injectable({ scope: Scope.REQUEST })],
      ['it is transient', Injectable({ scope: Scope.TRANSIENT })],
      ['it injects a request-scoped provider', (type: object) => Reflect.defineMetadata('design:paramtypes', [Tenant], type)],
    ])('refuses a class if %s', async (_, decorate) => {
      class Own extends Renders {}
      FlameProcessor('renders', 'films')(Own);
      decorate(Own);
      expect(await refused({ providers: [Own, Tenant] })).toMatchObject({
        code: 'FLAME_CONFIG',
        message: expect.stringMatching(/@FlameProcessor on Own: the class is request-scoped or transient.*Remove the scope/),
      });
    });

    it('refuses two classes for one queue, and one class that two modules provide', async () => {
      class Long extends Renders {}
      class Short extends Renders {}
      FlameProcessor('renders', 'films')(Long);
      FlameProcessor({ name: 'renders' }, 'films')(Short);
      @Module({ providers: [Long] })
      class LongModule {}
      @Module({ providers: [Short] })
      class ShortModule {}
      @Module({ providers: [Long] })
      class AgainModule {}
      const text = (first: string, second: string): object => ({
        code: 'FLAME_CONFIG',
        message: expect.stringContaining(`queue "renders" has two classes with @FlameProcessor: ${first} and ${second}. `),
      });
      expect(await refused({ imports: [LongModule, ShortModule] })).toMatchObject(text('Long (of LongModule)', 'Short (of ShortModule)'));
      expect(await refused({ imports: [LongModule, AgainModule] })).toMatchObject(text('Long (of LongModule)', 'Long (of AgainModule)'));
    });

    it.each([
      ['another queue', 'films', {}],
      ['another server', { name: 'renders', configKey: 'second' }, {}],
      ['another prefix', 'renders', { worker: { prefix: 'second' } }],
      ['another connection', 'renders', { worker: { connection: { port: 7 } } }],
    ])('accepts a second class with %s', async (_, queue, options) => {
      class Long extends Renders {}
      class Short extends Renders {}
      FlameProcessor('renders', 'films')(Long);
      FlameProcessor(queue, 'films', options)(Short);
      // Without BullModule there are no workers: the next check of an app that starts.
      expect(await refused({ providers: [Long, Short] })).toMatchObject({ message: expect.stringContaining('worker was not registered') });
    });

    it('refuses an instance whose process is a property', async () => {
      class Own extends Renders {
        constructor() {
          super();
          Object.assign(this, { process: async () => 'unseen' });
        }
      }
      FlameProcessor('renders', 'films')(Own);
      const message = expect.stringMatching(/@FlameProcessor on Own needs a method process\(job: FlameJob\), and not a property/);
      expect(await refused({ providers: [Own] })).toMatchObject({ code: 'FLAME_CONFIG', message });
    });
  });

  it('refuses a class without a method process', () => {
    class Own extends WorkerHost {
      process = async (): Promise<void> => {};
    }
    const text = /@FlameProcessor on Own needs a method process\(job: FlameJob\), and not a property of this name\. Add the method/;
    expect(() => FlameProcessor('renders', 'films')(Own)).toThrow(text);
  });

  it('names what is missing when no worker was registered', async () => {
    class Own extends Renders {}
    FlameProcessor('renders', 'films')(Own);
    const app = await Test.createTestingModule({
      imports: [FlameTestingModule.forRoot([{ name: 'films', max: 1 }])],
      providers: [Own],
    }).compile();
    await expect(app.init()).rejects.toThrow(/@FlameProcessor on Own: its worker was not registered.*BullModule\.registerQueue/);
    await app.close();
  });
});

describe('FlameJob', () => {
  it('names the method that needs Redis, and the fix', () => {
    const job = jobOnRunner({ id: '7', queueName: 'renders', data: {} } as JobCopy) as unknown as Job;
    expect(() => job.getChildrenValues()).toThrow(
      /job\.getChildrenValues\(\) was called on a runner, where job 7 of queue "renders".*getJob\(job\.id\)/,
    );
    expect(JSON.parse(JSON.stringify(job))).toEqual({ id: '7', queueName: 'renders', data: {} });
  });
});
