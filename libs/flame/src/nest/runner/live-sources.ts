import type { Server } from 'node:net';
import type { ModulesContainer } from '@nestjs/core';
import { isNamed, prototypesOf } from '../decorator/declaration.js';
import { queueConsumer } from './queue-consumers.js';

/**
 * Names active sources of work that do not belong in a runner: listening ports, cron jobs and timers of `@nestjs/schedule`, queue
 * consumers. It looks at providers and their properties, and recognises the packages' objects by their shape, so that no package needs to
 * be installed.
 */
export function liveSources(modules: ModulesContainer): string[] {
  const found = new Set<string>();
  for (const source of openPorts()) found.add(source);
  for (const instance of providersOf(modules)) {
    if (isNamed(instance, 'SchedulerRegistry')) for (const source of schedules(instance as Registry, modules)) found.add(source);
    for (const held of [instance, ...heldBy(instance)]) {
      const queue = queueConsumer(held);
      if (queue !== undefined) found.add(`it consumes a queue (${[queue, ...processorsOf(queue, modules)].join(': ')})`);
    }
  }
  return [...found];
}

const schedulesOff =
  'pass cronJobs: !FlameParent.get(), intervals: !FlameParent.get() and timeouts: !FlameParent.get() to ScheduleModule.forRoot()';

/** By the beginning of a source: how to keep it out of runners. A class that others inject must stay. */
const fixes: readonly (readonly [source: string, fix: string])[] = [
  ['it runs cron jobs', schedulesOff],
  ['it runs intervals', schedulesOff],
  [
    'it consumes a queue',
    "keep the queue's consumer out with FlameParent.unlessRunner([…]) or, if other classes inject it, start consuming only if (!FlameParent.get())",
  ],
  ['it listens', 'open the server only if (!FlameParent.get())'],
];

/** How to switch off what `liveSources` has found, each fix once. */
export function howToSwitchOff(sources: readonly string[]): string {
  const wanted = fixes.filter(([beginning]) => sources.some((source) => source.startsWith(beginning)));
  return [...new Set(wanted.map(([, fix]) => fix))].join('; ');
}

/** The methods with which `@nestjs/bull` consumes a queue, comma-separated; none for another package's queue. */
function processorsOf(queue: string, modules: ModulesContainer): string[] {
  const methods = classesOf(modules)
    .filter((type) => (Reflect.getMetadata('bull:module_queue', type) as { name?: string } | undefined)?.name === queue)
    .flatMap((type) => decoratedMethods(type, (method) => Reflect.hasMetadata('bull:module_queue_process', method)));
  return methods.length > 0 ? [methods.join(', ')] : [];
}

function classesOf(modules: ModulesContainer): Function[] {
  return Array.from(modules.values(), ({ providers, controllers }) => [...providers.values(), ...controllers.values()])
    .flat()
    .map(({ metatype }) => metatype)
    .filter((type): type is Function => typeof type === 'function');
}

function providersOf(modules: ModulesContainer): Set<object> {
  const instances = new Set<object>();
  for (const module of modules.values()) {
    for (const { instance } of module.providers.values()) if (isObject(instance)) instances.add(instance);
  }
  return instances;
}

/** Getters are not called. */
function heldBy(instance: object): object[] {
  return Object.values(Object.getOwnPropertyDescriptors(instance))
    .map(({ value }): unknown => value)
    .filter(isObject);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The methods of `SchedulerRegistry` that are used. */
interface Registry {
  getCronJobs?(): ReadonlyMap<string, { isActive?: boolean; running?: boolean }>;
  getIntervals?(): string[];
  getTimeouts?(): string[];
}

function schedules(registry: Registry, modules: ModulesContainer): string[] {
  const found: string[] = [];
  const running = [...(registry.getCronJobs?.() ?? [])].filter(([, job]) => job.isActive ?? job.running ?? true).map(([name]) => name);
  const jobs = named(running, 'SCHEDULE_CRON_OPTIONS', modules);
  if (jobs.length > 0) found.push(`it runs cron jobs (${jobs.join(', ')})`);
  const timers = [
    ...named(registry.getIntervals?.() ?? [], 'SCHEDULE_INTERVAL_OPTIONS', modules),
    ...named(registry.getTimeouts?.() ?? [], 'SCHEDULE_TIMEOUT_OPTIONS', modules),
  ];
  if (timers.length > 0) found.push(`it runs intervals and timeouts (${timers.join(', ')})`);
  return found;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A schedule without a name has a UUID as its name; the decorated methods without a name are shown in its place. */
function named(names: readonly string[], decorator: string, modules: ModulesContainer): string[] {
  if (!names.some((name) => uuid.test(name))) return [...names];
  const unnamed = (method: Function): boolean =>
    Reflect.hasMetadata(decorator, method) && Reflect.getMetadata('SCHEDULER_NAME', method) === undefined;
  const methods = classesOf(modules).flatMap((type) => decoratedMethods(type, unnamed));
  return [...names.filter((name) => !uuid.test(name)), ...new Set(methods)];
}

/** `Class.method` of each method that is `wanted`, inherited ones included. */
function decoratedMethods(type: Function, wanted: (method: Function) => boolean): string[] {
  if (!type.prototype) return [];
  const levels = prototypesOf(type.prototype as object);
  const keys = new Set(levels.flatMap((of) => Object.getOwnPropertyNames(of)));
  return [...keys]
    .filter((key) => {
      const method = levels.map((of) => Object.getOwnPropertyDescriptor(of, key)).find(Boolean)?.value as unknown;
      return typeof method === 'function' && wanted(method);
    })
    .map((key) => `${type.name}.${key}`);
}

/** Node's public API only counts listening servers. This private one names them; without it there are none to name. */
function openPorts(): string[] {
  const handles = (process as { _getActiveHandles?: () => unknown[] })._getActiveHandles?.() ?? [];
  return handles
    .filter(
      (handle): handle is Server => typeof (handle as Partial<Server>).address === 'function' && (handle as Server).listening === true,
    )
    .map((server) => {
      const address = server.address();
      return `it listens on ${typeof address === 'object' && address ? `port ${address.port}` : String(address)}`;
    });
}
