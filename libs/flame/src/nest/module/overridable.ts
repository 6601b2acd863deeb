import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { DynamicModule, ForwardReference, Type } from '@nestjs/common';
import { packageFolder } from '../../transport/grpc/package-folder.js';
import { FlameParent } from './flame-parent.js';

type Definition = Type | DynamicModule | ForwardReference<() => Type | DynamicModule>;

/** What a test's `overrideModule(moduleToReplace).useModule(newModule)` has asked for. */
interface Override {
  readonly moduleToReplace: unknown;
  readonly newModule: unknown;
}

interface Scan {
  readonly moduleDefinition: Definition | Promise<Definition>;
  readonly overrides?: readonly Override[];
}

interface Scanner {
  scanForModules(scan: Scan): Promise<unknown>;
}

/** The classes that can be overridden by their name, wherever an app imports what their `forRoot` gives. */
const classes = new Set<unknown>();
const prepared = new WeakSet<object>();

/** The module, which a test can replace by `overrideModule` with its class: `.overrideModule(FlameModule).useModule(…)`. */
export function overridable(module: DynamicModule): DynamicModule {
  classes.add(module.module);
  // A runner is no test.
  if (!FlameParent.get()) prepare(scannerPrototype());
  return module;
}

/**
 * Nest compares the module to replace with each import by `===`, so that a class replaces no dynamic module
 * (https://github.com/nestjs/nest/issues/11967, as of 11.2 and 12.5). Where a test replaces one of our classes, the scanner is told to replace the
 * dynamic module that it is at. What the test put in its place may import the same class in turn: that stays.
 */
function prepare(prototype: Scanner | undefined): void {
  const scanForModules = prototype?.scanForModules;
  if (!prototype || !scanForModules || prepared.has(prototype)) return;
  prepared.add(prototype);
  prototype.scanForModules = async function (scan) {
    const { moduleDefinition, overrides = [] } = scan;
    if (overrides.length === 0) return scanForModules.call(this, scan);
    const definition = resolved(await moduleDefinition);
    const override = overrides.find(({ moduleToReplace }) => classes.has(moduleToReplace) && moduleToReplace === classOf(definition));
    const insideReplacement = overrides.some((other) => other !== override && other.newModule === override?.newModule);
    if (!override || insideReplacement) return scanForModules.call(this, scan);
    const here = { moduleToReplace: moduleDefinition instanceof Promise ? moduleDefinition : definition, newModule: override.newModule };
    return scanForModules.call(this, { ...scan, overrides: [...overrides, here] });
  };
}

/** Of the Nest that this process has at the moment; undefined where Nest has moved it, and then only the overriding is missing. */
function scannerPrototype(): Scanner | undefined {
  try {
    const require = createRequire(join(packageFolder() ?? process.cwd(), 'package.json'));
    return (require('@nestjs/core/scanner.js') as { DependenciesScanner?: { prototype: Scanner } }).DependenciesScanner?.prototype;
  } catch {
    return undefined;
  }
}

function resolved(definition: Definition | undefined): Type | DynamicModule | undefined {
  return definition && 'forwardRef' in definition ? definition.forwardRef() : definition;
}

function classOf(definition: Type | DynamicModule | undefined): unknown {
  return definition && 'module' in definition ? definition.module : undefined;
}
