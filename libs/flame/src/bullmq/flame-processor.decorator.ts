import { Processor } from '@nestjs/bullmq';
import type { ProcessorOptions, WorkerHost } from '@nestjs/bullmq';
import type { Job } from 'bullmq';
import { FlameError } from '../core/errors/flame-error.js';
import { OnFlame } from '../nest/decorator/on-flame.decorator.js';
import type { Flame } from '../nest/flame/flame.service.js';
import type { Class } from '../nest/handlers/provider-home.js';
import { checkProviders } from '../nest/handlers/provider-check.js';
import { FlameParent } from '../nest/module/flame-parent.js';
import { checkProcessors, noMethod, setQueue } from './check-processors.js';
import { failedJob } from './failed-job.js';
import { copyOf, jobOnRunner } from './flame-job.js';
import type { FlameJob, JobCopy } from './flame-job.js';
import { JobUpdates } from './job-updates.js';
import { consumeWhileUp, injectFlame } from './processor-life.js';
import { readProcessorOptions } from './processor-options.js';
import type { FlameProcessorOptions, ReadProcessorOptions } from './processor-options.js';

/** Classes that `@FlameProcessor` can decorate. */
export type FlameProcessorClass = abstract new (...args: never[]) => WorkerHost & {
  /** Does a job, on a runner. It is a property here, so that a method that takes BullMQ's `Job` is a type error. */
  readonly process: (job: FlameJob<never, never>) => Promise<unknown>;
};

type Outcome = { readonly result: unknown } | { readonly threw: FlameError };

/**
 * Makes a class that extends `WorkerHost` of `@nestjs/bullmq` consume the queue in parents, with `process` running on a runner of `pool`. A
 * job is taken when a slot is free, and its lock is renewed by the parent while the runner works. In a runner the class consumes nothing.
 *
 * The class must not be request-scoped, and must be provided, once, where `BullModule` registers workers before the app has started. A
 * queue has one such class.
 *
 * @throws {FlameError} FLAME_CONFIG for a bad option; when the app starts for an unknown pool, a request-scoped class, or two classes for
 * one queue.
 */
export function FlameProcessor(
  queue: string | Pick<ProcessorOptions, 'name' | 'configKey'>,
  pool: string,
  options: FlameProcessorOptions = {},
): (type: FlameProcessorClass) => void {
  return (type) => {
    const rules = readProcessorOptions(pool, options, type.name);
    const prototype = type.prototype as WorkerHost;
    const { process } = prototype as { process: (this: object, job: unknown) => Promise<unknown> };
    if (typeof process !== 'function') throw noMethod(rules.path);
    const flames = injectFlame(prototype);

    const onRunner = async function (this: object, copy: JobCopy): Promise<Outcome> {
      try {
        return { result: await process.call(this, jobOnRunner(copy)) };
      } catch (error) {
        // A FlameError of the handler's own calls says nothing of this call.
        if (error instanceof FlameError) return { threw: error };
        throw error;
      }
    };
    const { handlerTimeout } = options;
    OnFlame(pool, {
      ...(handlerTimeout === undefined ? {} : { handlerTimeout }),
      idempotent: rules.idempotent,
      ...(rules.idempotent ? { retry: { attempts: 2 } } : {}),
    })(prototype, 'process', { value: onRunner });

    // BullMQ hands a signal to processors with three parameters.
    const onParent = async function (this: object, job: Job, token?: string, signal?: AbortSignal): Promise<unknown> {
      const flame = flames.get(this);
      return flame
        ? runJob(flame, type as unknown as Class<{ process: typeof onRunner }>, rules, job, token, signal)
        : process.call(this, job);
    };
    Object.defineProperty(prototype, 'process', { value: onParent, writable: true, configurable: true });
    if (FlameParent.get()) return;
    const ofQueue = typeof queue === 'string' ? { name: queue } : queue;
    setQueue(prototype, { queue: ofQueue, worker: options.worker });
    checkProviders(prototype, checkProcessors);
    Processor(ofQueue, { ...options.worker, autorun: false })(type);
    consumeWhileUp(prototype, flames, rules);
  };
}

async function runJob(
  flame: Flame,
  type: Class<{ process(copy: JobCopy): Promise<Outcome> }>,
  rules: ReadProcessorOptions,
  job: Job,
  token: string | undefined,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const updates = new JobUpdates(job);
  let outcome: Outcome;
  try {
    outcome = await flame.on(rules.pool, type, { ...(signal ? { signal } : {}), onProgress: updates.store }).process(copyOf(job));
  } catch (error) {
    await Promise.allSettled([updates.stored]);
    throw await failedJob(error, job, token, { ...rules, draining: flame.pool(rules.pool).stats().draining });
  }
  await updates.stored;
  if ('threw' in outcome) throw outcome.threw;
  return outcome.result;
}
