import { ModulesContainer } from '@nestjs/core';
import { FlameError } from '../../core/errors/flame-error.js';
import type { FlameLog } from '../../core/flame-log.js';
import { methodName, prototypesOf } from '../decorator/declaration.js';
import type { Declaration, Method } from '../decorator/declaration.js';
import type { Decoration, Dispatcher } from '../decorator/decoration.js';
import { onFlame, unknownPool } from '../module/flame-app.js';
import type { Enhance } from './enhancers.js';
import { findInline } from './find-inline.js';
import type { FlameApp } from '../module/flame-app.js';
import { HandlerIndex } from './handler-index.js';
import { HomeName } from './home-name.js';
import type { Handler } from './handler-index.js';
import { keepNames, minifiedNames } from './minified-names.js';
import { placeableClasses } from './placeable-class.js';
import { homesAmong } from './provider-home.js';
import type { Class, ProviderHome } from './provider-home.js';
import { runProviderChecks } from './provider-check.js';
import { reportUnusedPools } from './unused-pools.js';

/** Methods that Nest calls, and that callers cannot. */
const hooks = new Set(['onModuleInit', 'onApplicationBootstrap', 'onModuleDestroy', 'beforeApplicationShutdown', 'onApplicationShutdown']);

/** The most handlers that a warning names. */
const mostNamed = 5;

/** The module's options about handlers. */
export interface Wanted {
  /** The names of the app's pools. */
  readonly pools: readonly string[];
  /** Classes whose methods are handlers without a decorator. */
  readonly classes: readonly Class[];
  /** Told of handler names that look minified, and of pools without handlers. */
  readonly log?: Pick<FlameLog, 'log' | 'warn'> | undefined;
}

/**
 * Lists the handlers of the app's providers and controllers, and binds the instances that Nest's injection did not bind (from factories and
 * values).
 *
 * A class that no module provides has no handlers, but children of it can be made.
 *
 * @throws {FlameError} FLAME_CONFIG for an unknown pool, two handlers with one name, or a provider that the check of its class refuses.
 */
export function exploreHandlers(modules: ModulesContainer, app: FlameApp, wanted: Wanted, enhance: Enhance): HandlerIndex {
  const { homes, handlers } = findHandlers(onFlame, modules, app, wanted.classes);
  for (const { declaration, name } of handlers) {
    if (declaration && !wanted.pools.includes(declaration.pool)) throw unknownPool(`@OnFlame on ${name}`, declaration.pool, wanted.pools);
  }
  runProviderChecks(homes);
  const inline = findInline(modules);
  if (wanted.log) {
    warnOfMinified(handlers, modules, wanted.log);
    reportUnusedPools(handlers, inline, wanted, wanted.log);
  }
  return new HandlerIndex(handlers, placeableClasses(modules, homes, wanted.classes), enhance, inline);
}

/**
 * Minified names are the same in parent and runners if both run the same files. But they are unreadable in errors and metrics, and differ
 * in another bundle.
 */
function warnOfMinified(handlers: readonly Handler[], modules: ModulesContainer, log: Pick<FlameLog, 'warn'>): void {
  const isMinified = minifiedNames(modules);
  const minified = handlers.filter(
    ({ ofClass, declaration, home }) => ofClass && declaration && isMinified(home.prototype.constructor as unknown as Class),
  );
  if (minified.length === 0) return;
  const more = minified.length - mostNamed;
  const names = minified.slice(0, mostNamed).map(({ name }) => `"${name}"`);
  log.warn(
    `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}: handlers are named after classes whose names look minified. Errors and metrics show these names, and ` +
      `a runner from another bundle has other names and is refused. ${keepNames}, or name each handler: @OnFlame(…, { name: '…' }).`,
  );
}

/**
 * Finds the app's methods that are handlers, because of a decorator or of the module's option `handlers`, together with their providers.
 * Binds the instances.
 *
 * @throws {FlameError} FLAME_CONFIG for two handlers with one name.
 */
export function findHandlers<App extends Dispatcher<D>, D extends Declaration>(
  decoration: Decoration<App, D>,
  modules: ModulesContainer,
  app: App,
  classes: readonly Class[],
): { homes: ProviderHome[]; handlers: Handler<D>[] } {
  const homes = findHomes(decoration, modules, app, classes);
  const handlers = homes.flatMap((home, index) => handlersOf(decoration, home, new HomeName(index, homes)));
  refuseTwins(decoration.name, handlers);
  return { homes, handlers };
}

function findHomes<App extends Dispatcher<D>, D extends Declaration>(
  decoration: Decoration<App, D>,
  modules: ModulesContainer,
  app: App,
  classes: readonly Class[],
): ProviderHome[] {
  const bind = (instance: object): void => decoration.bind(app, instance);
  const decorated = (prototype: object): boolean => prototypesOf(prototype).some((level) => decoration.declarations.of(level).length > 0);
  const homes = homesAmong(modules, (prototype, token) => decorated(prototype) || isOf(prototype, token, classes), bind);
  for (const { instance } of homes) if (instance) bind(instance);
  return homes;
}

function isOf(prototype: object, token: unknown, classes: readonly Class[]): boolean {
  return classes.some((type) => type === token || type === prototype.constructor);
}

/**
 * The handlers among a class's methods, including inherited ones. An overridden method is a handler only if it is declared, because `super`
 * can still call it.
 */
function handlersOf<App extends Dispatcher<D>, D extends Declaration>(
  decoration: Decoration<App, D>,
  home: ProviderHome,
  homeName: HomeName,
): Handler<D>[] {
  const handlers: Handler<D>[] = [];
  const seen = new Set<string | symbol>(['constructor', ...hooks]);
  for (const level of prototypesOf(home.prototype)) {
    const declared = new Map(decoration.declarations.of(level).map((declaration) => [declaration.key, declaration]));
    for (const key of Reflect.ownKeys(level)) {
      const declaration = declared.get(key);
      const overridden = seen.has(key);
      const shown = plainMethod(level, key);
      const method = declaration?.method ?? shown;
      seen.add(key);
      if (!method || (overridden && !declaration)) continue;
      const given = overridden ? undefined : declaration?.name;
      const own = methodName(home.prototype, key);
      const { name, ofClass } =
        given === undefined ? homeName.derived(overridden ? `${own}@${level.constructor.name}` : own) : homeName.given(given, level);
      const stable = !ofClass || !homeName.ambiguous;
      handlers.push({ name, ofClass, stable, key, method, shown: shown ?? method, declaration, overridden, home });
    }
  }
  return handlers;
}

function plainMethod(level: object, key: string | symbol): Method | undefined {
  const value: unknown = typeof key === 'string' ? Object.getOwnPropertyDescriptor(level, key)?.value : undefined;
  return typeof value === 'function' ? (value as Method) : undefined;
}

function refuseTwins(decorator: string, handlers: readonly Handler[]): void {
  const byName = new Map<string, Handler>();
  for (const handler of handlers) {
    const twin = byName.get(handler.name);
    byName.set(handler.name, handler);
    if (!twin) continue;
    throw new FlameError(
      'FLAME_CONFIG',
      `two handlers have the name "${handler.name}": ${whereabouts(twin)} and ${whereabouts(handler)}. Rename one of them: @${decorator}(…, { name: '…' }).`,
    );
  }
}

function whereabouts({ home, key }: Handler): string {
  return `${methodName(home.prototype, key)} (of ${home.qualifier})`;
}
