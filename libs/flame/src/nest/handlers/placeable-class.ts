import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { ChildClass } from '../../runner/executor/handler-table.js';
import { poolDeclarations, prototypesOf } from '../decorator/declaration.js';
import { moduleRefOf } from '../module/nests.js';
import { endingOf } from './home-name.js';
import { callContext } from './provider-home.js';
import type { Class, NestModule, ProviderHome } from './provider-home.js';
import { returnsOf } from '../decorator/returns.js';
import type { FlameReturns } from '../decorator/returns.js';

/** Nest calls the first five methods and the runner the last two; callers cannot. */
const hooks = [
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
  'onFlameStart',
  'onFlameStop',
];

/**
 * A class of which children can be made. Their dependencies come from the container of one module. Its methods include inherited ones,
 * except those of `Object`.
 */
export class PlaceableClass implements ChildClass {
  readonly methods: ReadonlySet<string>;
  readonly #module: NestModule;

  constructor(
    /** The entry in the manifest: `new Class`. */
    readonly name: string,
    readonly type: Class,
    /** Other tokens under which the class is provided. */
    readonly tokens: ReadonlySet<unknown>,
    module: NestModule,
  ) {
    this.#module = module;
    this.methods = methodsOf(type.prototype as object);
  }

  answersTo(type: Class): boolean {
    return type === this.type || this.tokens.has(type);
  }

  get label(): string {
    return this.type.name;
  }

  /** The kind of a method's result; undefined if it is unknown. */
  returns(method: string): FlameReturns | undefined {
    const prototype = this.type.prototype as Record<string, unknown>;
    const levels = prototypesOf(prototype);
    const owner = levels.find((level) => Object.hasOwn(level, method));
    const declaration = owner && poolDeclarations.of(owner).find(({ key }) => key === method);
    return declaration ? declaration.returns : returnsOf(prototype[method], Reflect.getMetadata('design:returntype', prototype, method));
  }

  /** Makes an instance in its own context, as Nest does for a request. */
  async make(): Promise<object> {
    const moduleRef = moduleRefOf(this.#module);
    return moduleRef.create(this.type as unknown as Type<object>, callContext(moduleRef, false));
  }
}

function methodsOf(prototype: object): Set<string> {
  const methods = new Set<string>();
  const seen = new Set<string>(['constructor', ...hooks]);
  for (const level of prototypesOf(prototype)) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (typeof value === 'function' && !seen.has(key)) methods.add(key);
      seen.add(key);
    }
  }
  return methods;
}

/**
 * The classes of which children can be made: classes with handlers, and those in `wanted`. Dependencies come from the module that provides
 * the class, or else from the root module.
 */
export function placeableClasses(modules: ModulesContainer, homes: readonly ProviderHome[], wanted: readonly Class[]): PlaceableClass[] {
  const found = new Map<Class, { tokens: Set<unknown>; module: NestModule }>();
  for (const { prototype, token, module } of homes) {
    const type = prototype.constructor as unknown as Class;
    const known = found.get(type);
    if (known) known.tokens.add(token);
    else found.set(type, { tokens: new Set([token]), module });
  }
  const provided = [...found];
  for (const type of wanted) {
    if (provided.some(([known, { tokens }]) => known === type || tokens.has(type))) continue;
    found.set(type, { tokens: new Set(), module: rootOf(modules) });
  }
  const classes = Array.from(found, ([type, { module }]) => ({ name: type.name, qualifier: module.metatype.name }));
  return Array.from(found, ([type, { tokens, module }]) => ({ type, tokens, module })).map(
    ({ type, tokens, module }, index) => new PlaceableClass(`new ${type.name}${endingOf(index, classes)}`, type, tokens, module),
  );
}

/** The root module is the second one: the first module is Nest's own. */
function rootOf(modules: ModulesContainer): NestModule {
  return [...modules.values()][1]!;
}
