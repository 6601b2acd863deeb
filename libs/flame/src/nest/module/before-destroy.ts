import { NestApplicationContext } from '@nestjs/core';
import type { ModulesContainer } from '@nestjs/core';

type Task = () => Promise<void> | undefined;

/** In this order: first the callers of this app end, then the runners that their calls may need. */
const stages = ['callers', 'runners'] as const;

type Tasks = WeakMap<ModulesContainer, Map<(typeof stages)[number], Task>>;

/** Kept on the wrapped method, so that several copies of this library wrap it once. */
const tasksKey = Symbol.for('nestjs-flame:before-destroy');

interface Wrapped {
  callDestroyHook: ((this: { container: { getModules(): ModulesContainer } }) => Promise<void>) & { [tasksKey]?: Tasks };
}

/**
 * Runs `task` before any `onModuleDestroy` of the app, in which modules close their database clients. It does not matter how the app
 * closes: by `close()`, by a signal, as an application, a microservice, a context or a TestingModule. Nest 11 and 12 have no hook that
 * early, so their common method `callDestroyHook` is wrapped; other apps are not affected. In a Nest without that method, tasks run in
 * `onApplicationShutdown`.
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
