import type { Server } from 'node:net';
import type { ModulesContainer } from '@nestjs/core';
import { prototypesOf } from './declaration.js';

/**
 * Names what is live in this process and should not be in a runner: ports that are listened on, cron jobs and timers of
 * `@nestjs/schedule`, workers of
 * `@nestjs/bullmq`. It knows these by their shape and needs none of the packages.
 */
export function liveSources(modules: ModulesContainer): string[] {
  const found = openPorts();
  for (const module of modules.values()) {
    for (const { instance } of module.providers.values()) {
      if (typeof instance !== 'object' || instance === null) continue;
      if (isNamed(instance, 'SchedulerRegistry')) found.push(...schedules(instance as Registry));
      else if (isNamed(instance, 'WorkerHost') && hasWorker(instance)) found.push(`it consumes a queue (${instance.constructor.name})`);
    }
  }
  return found;
}

/** The part of `SchedulerRegistry` that is asked. */
interface Registry {
  getCronJobs?(): ReadonlyMap<string, { isActive?: boolean; running?: boolean }>;
  getIntervals?(): string[];
  getTimeouts?(): string[];
}

function schedules(registry: Registry): string[] {
  const found: string[] = [];
  const jobs = [...(registry.getCronJobs?.() ?? [])].filter(([, job]) => job.isActive ?? job.running ?? true).map(([name]) => name);
  if (jobs.length > 0) found.push(`it runs cron jobs (${jobs.join(', ')})`);
  const timers = [...(registry.getIntervals?.() ?? []), ...(registry.getTimeouts?.() ?? [])];
  if (timers.length > 0) found.push(`it runs intervals and timeouts (${timers.join(', ')})`);
  return found;
}

/** bullmq's getter throws where the worker was not made. */
function hasWorker(host: object): boolean {
  try {
    return Boolean((host as { worker?: unknown }).worker);
  } catch {
    return false;
  }
}

/** Node tells how many servers listen by its public API, and which by this one, which it may drop some day. */
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

function isNamed(instance: object, name: string): boolean {
  return prototypesOf(Object.getPrototypeOf(instance) as object).some((prototype) => prototype.constructor.name === name);
}
