import { WorkerHost } from '@nestjs/bullmq';
import { Test } from '@nestjs/testing';
import type { Job } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { FlameTestingModule } from '../testing/index.js';
import { FlameProcessor } from './flame-processor.decorator.js';
import type { FlameProcessorOptions } from './processor-options.js';
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
