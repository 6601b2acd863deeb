import { NestApplicationContext } from '@nestjs/core';
import type { ModulesContainer } from '@nestjs/core';

type Task = () => Promise<void> | undefined;

/** In this order: first those who call this app go, then what their calls may need. */
const stages = ['callers', 'runners'] as const;

type Tasks = WeakMap<ModulesContainer, Map<(typeof stages)[number], Task>>;

/** Kept with the method that was wrapped, so that other copies of this library wrap it only once. */
const tasksKey = Symbol.for('nestjs-flame:before-destroy');

interface Wrapped {
  callDestroyHook: ((this: { container: { getModules(): ModulesContainer } }) => Promise<void>) & { [tasksKey]?: Tasks };
}

/**
 * Has `task` done before any of the app's `onModuleDestroy`, in which modules close their database clients, however the app closes: by `close()`, by a signal,
 * as an application, a microservice, a context or a TestingModule. Nest 11 and 12 have no hook that comes before. Their common way there, the method
 * `callDestroyHook`, is wrapped, and does for other apps what it did. Where Nest no longer has it, tasks wait for `onApplicationShutdown`.
 */
export function beforeDestroy(modules: ModulesContainer, stage: (typeof stages)[number], task: Task): void {
  const all = wrap();
  const tasks = all.get(modules) ?? new Map<(typeof stages)[number], Task>();
  all.set(modules, tasks.set(stage, task));
}

function wrap(): Tasks {
  const context = NestApplicationContext.prototype as unknown as Wrapped;
  const destroy = context.callDestroyHook as Wrapped['callDestroyHook'] | undefined;
  const all: Tasks = destroy?.[tasksKey] ?? new WeakMap();
  if (!destroy || destroy[tasksKey]) return all;
  context.callDestroyHook = async function () {
    const tasks = all.get(this.container.getModules());
    for (const stage of stages) await tasks?.get(stage)?.();
    await destroy.call(this);
  };
  context.callDestroyHook[tasksKey] = all;
  return all;
}
