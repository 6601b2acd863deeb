import { isNamed } from '../decorator/declaration.js';

/** The fields of the packages' classes that are used. */
interface Consumer {
  readonly name?: string;
  readonly worker?: unknown;
  readonly handlers?: object;
  readonly consumerTags?: readonly string[];
  readonly consumers?: ReadonlyMap<string, unknown>;
  isRunning?(): unknown;
}

/** By class name: a function that returns the name to show if an instance consumes a queue. */
const kinds: readonly (readonly [name: string, consumes: (instance: Consumer) => string | undefined])[] = [
  // A processor of @nestjs/bullmq.
  ['WorkerHost', (host) => (hasWorker(host) ? host.constructor.name : undefined)],
  // bullmq, made by hand; worker_threads has a class of this name, too.
  ['Worker', (worker) => (typeof worker.isRunning === 'function' && worker.isRunning() === true ? worker.name : undefined)],
  // bull, with which @nestjs/bull registers its processors. bullmq's Queue has no handlers.
  ['Queue', (queue) => (Object.keys(queue.handlers ?? {}).length > 0 ? queue.name : undefined)],
  // @golevelup/nestjs-rabbitmq.
  ['AmqpConnection', ({ consumerTags = [] }) => (consumerTags.length > 0 ? consumerTags.join(', ') : undefined)],
  // @ssut/nestjs-sqs.
  ['SqsService', ({ consumers }) => (consumers?.size ? [...consumers.keys()].join(', ') : undefined)],
];

/** The name of the queue that an object consumes, or of its class; undefined for any other object. */
export function queueConsumer(instance: object): string | undefined {
  for (const [name, consumes] of kinds) {
    const queue = isNamed(instance, name) ? consumes(instance) : undefined;
    if (queue !== undefined) return queue;
  }
  return undefined;
}

/** bullmq's getter throws if the worker was not made. */
function hasWorker(host: Consumer): boolean {
  try {
    return Boolean(host.worker);
  } catch {
    return false;
  }
}
