import { Inject, Optional } from '@nestjs/common';
import type { WorkerHost } from '@nestjs/bullmq';
import type { Worker } from 'bullmq';
import { FlameError } from '../core/errors/flame-error.js';
import { Flame } from '../nest/flame/flame.service.js';
import { startPoolWorker, startWorker } from './pool-worker.js';
import type { ReadProcessorOptions } from './processor-options.js';

const injected = Symbol('nestjs-flame:bullmq');

/** Lets Nest inject `Flame` into each instance of a class, and returns them by instance. Instances that Nest did not make have none. */
export function injectFlame(prototype: object): WeakMap<object, Flame> {
  const flames = new WeakMap<object, Flame>();
  Object.defineProperty(prototype, injected, {
    set(this: object, flame: unknown) {
      // A test's `useMocker` may inject a mock here.
      if (flame instanceof Flame) flames.set(this, flame);
    },
  });
  Inject(Flame)(prototype, injected);
  Optional()(prototype, injected);
  return flames;
}

/**
 * Starts the worker of an instance when its app has started, and stops it before anything of the app is closed. Then the pool drains before
 * BullMQ closes its workers, because that waits for jobs as long as they take.
 */
export function consumeWhileUp(prototype: object, flames: WeakMap<object, Flame>, rules: ReadProcessorOptions): void {
  const workers = new WeakMap<object, Worker>();
  before(prototype, 'onApplicationBootstrap', (host) => {
    const flame = flames.get(host);
    const worker = workerOf(host as WorkerHost, rules.path);
    // A test has replaced FlameModule by one without pools: jobs run in place.
    if (!flame) return startWorker(worker);
    workers.set(host, worker);
    startPoolWorker(worker, flame.pool(rules.pool), rules.concurrency);
  });
  before(prototype, 'onModuleDestroy', (host) => workers.get(host)?.pause(true));
  before(prototype, 'onApplicationShutdown', async (host) => {
    if (workers.has(host)) await flames.get(host)?.pool(rules.pool).drain();
  });
}

type Hook = (this: object, ...args: unknown[]) => unknown;

/** Runs `task` before the class's own method of Nest's lifecycle, if it has one. */
function before(prototype: object, hook: string, task: (host: object) => unknown): void {
  const own = (prototype as Record<string, Hook | undefined>)[hook];
  Object.defineProperty(prototype, hook, {
    async value(this: object, ...args: unknown[]): Promise<void> {
      await task(this);
      await own?.apply(this, args);
    },
    writable: true,
    configurable: true,
  });
}

function workerOf(host: WorkerHost, path: string): Worker {
  try {
    return host.worker;
  } catch (cause) {
    throw new FlameError(
      'FLAME_CONFIG',
      `${path}: its worker was not registered when the app started. Import BullModule.registerQueue, and with manualRegistration call BullRegistrar.register() in onModuleInit.`,
      { cause },
    );
  }
}
