import type { Type } from '@nestjs/common';
import type { ChildClass } from '../../runner/executor/handler-table.js';
import { callContext } from '../flame/call-context.js';
import { poolDeclarations, prototypesOf } from '../decorator/declaration.js';
import { moduleRefOf } from '../module/nests.js';
import type { Class, NestModule } from './provider-home.js';
import { returnsOf } from '../decorator/returns.js';
import type { FlameReturns } from '../decorator/returns.js';

/** Nest calls the first ones and the runner the last two; nobody else does. */
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
 * A class that children can be made of, with what the container of a module gives it. Its methods are those of its prototype and of those it inherits from,
 * `Object`'s left out.
 */
export class PlaceableClass implements ChildClass {
  readonly methods: ReadonlySet<string>;
  readonly #module: NestModule;

  constructor(
    /** Its entry in the manifest: `new Class`. */
    readonly name: string,
    readonly type: Class,
    /** What else it is provided under. */
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

  /** What callers of a method are given; undefined where nothing says it. */
  returns(method: string): FlameReturns | undefined {
    const prototype = this.type.prototype as Record<string, unknown>;
    const levels = prototypesOf(prototype);
    const owner = levels.find((level) => Object.hasOwn(level, method));
    const declaration = owner && poolDeclarations.of(owner).find(({ key }) => key === method);
    return declaration ? declaration.returns : returnsOf(prototype[method], Reflect.getMetadata('design:returntype', prototype, method));
  }

  /** A fresh instance in a context of its own, as for a request: the call stands in the request's place. */
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
