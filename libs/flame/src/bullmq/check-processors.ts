import type { ProcessorOptions } from '@nestjs/bullmq';
import type { WorkerOptions } from 'bullmq';
import { FlameError } from '../core/errors/flame-error.js';
import type { ProviderHome } from '../nest/handlers/provider-home.js';

/** The queue of a processor. */
export interface ProcessedQueue {
  readonly queue: Pick<ProcessorOptions, 'name' | 'configKey'>;
  /** The options of its worker. */
  readonly worker: Partial<Pick<WorkerOptions, 'prefix' | 'connection'>> | undefined;
}

const key = Symbol('nestjs-flame:bullmq-queue');

export function setQueue(prototype: object, queue: ProcessedQueue): void {
  Reflect.defineMetadata(key, queue, prototype);
}

/**
 * Checks the processors of an app: each has one instance with the `process` method of its class, and no two have the same queue.
 *
 * @throws {FlameError} FLAME_CONFIG that names the class and the fix.
 */
export function checkProcessors(homes: readonly ProviderHome[]): void {
  const seen: ProviderHome[] = [];
  for (const home of homes) {
    const path = `@FlameProcessor on ${home.prototype.constructor.name}`;
    if (!home.instance) throw notShared(path);
    if (Object.hasOwn(home.instance, 'process')) throw noMethod(path);
    const twin = seen.find((other) => sameQueue(queueOf(other), queueOf(home)));
    if (twin) throw twoProcessors(twin, home);
    seen.push(home);
  }
}

function queueOf(home: ProviderHome): ProcessedQueue {
  return Reflect.getMetadata(key, home.prototype) as ProcessedQueue;
}

function sameQueue(one: ProcessedQueue, other: ProcessedQueue): boolean {
  return (
    one.queue.name === other.queue.name &&
    one.queue.configKey === other.queue.configKey &&
    one.worker?.prefix === other.worker?.prefix &&
    one.worker?.connection === other.worker?.connection
  );
}

/** The error of a class without the method `process`. */
export function noMethod(path: string): FlameError {
  return new FlameError(
    'FLAME_CONFIG',
    `${path} needs a method process(job: FlameJob), and not a property of this name. Add the method, and extend WorkerHost.`,
  );
}

function notShared(path: string): FlameError {
  return new FlameError(
    'FLAME_CONFIG',
    `${path}: the class is request-scoped or transient, itself or because of a provider that it injects, so no worker can be started for it. ` +
      `Remove the scope, and get request-scoped providers in process(), with moduleRef.resolve().`,
  );
}

function twoProcessors(one: ProviderHome, other: ProviderHome): FlameError {
  const [first, second] = [one, other].map(({ prototype, module }) => `${prototype.constructor.name} (of ${module.metatype.name})`);
  return new FlameError(
    'FLAME_CONFIG',
    `queue "${queueOf(one).queue.name}" has two classes with @FlameProcessor: ${first} and ${second}. BullMQ gives each job to either of them. ` +
      `Keep one, which decides by job.name, and provide it in one module.`,
  );
}
