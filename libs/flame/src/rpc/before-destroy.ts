import { NestApplicationContext } from '@nestjs/core';
import type { ModulesContainer } from '@nestjs/core';

/** What each app does before its destroy hooks, by its modules. */
const tasks = new WeakMap<ModulesContainer, () => Promise<void> | undefined>();
let taken = false;

/**
 * Has `task` done before any of the app's `onModuleDestroy`, in which modules close their database clients. Nest has no hook that comes before: so
 * its method is wrapped, once in a process, and does for other apps what it did.
 */
export function beforeDestroy(modules: ModulesContainer, task: () => Promise<void> | undefined): void {
  tasks.set(modules, task);
  if (taken) return;
  taken = true;
  const context = NestApplicationContext.prototype as unknown as {
    callDestroyHook: (this: { container: { getModules(): ModulesContainer } }) => Promise<void>;
  };
  const destroy = context.callDestroyHook;
  context.callDestroyHook = async function () {
    await tasks.get(this.container.getModules())?.();
    await destroy.call(this);
  };
}
