import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { DynamicModule, ForwardReference, Type } from '@nestjs/common';
import { packageFolder } from '../../system/package-folder.js';
import { FlameParent } from './flame-parent.js';

type Definition = Type | DynamicModule | ForwardReference<() => Type | DynamicModule>;

/** A test's `overrideModule(moduleToReplace).useModule(newModule)`. */
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

/** The classes of dynamic modules, and the class by which `overrideModule` names each, wherever an app imports them. */
const names = new Map<unknown, unknown>();
const prepared = new WeakSet<object>();

/** Makes a dynamic module replaceable in tests by a class, its own if left out: `.overrideModule(FlameModule).useModule(…)`. */
export function overridable(module: DynamicModule, by: unknown = module.module): DynamicModule {
  names.set(module.module, by);
  // Runners are not tests.
  if (!FlameParent.get()) prepare(scannerPrototype());
  return module;
}

/**
 * Nest compares the module to replace with each import by `===`, so a class replaces no dynamic module
 * (https://github.com/nestjs/nest/issues/11967, as of 11.2 and 12.5). If a test replaces one of our classes, this tells the scanner to
 * replace the dynamic module that it has reached. The replacement may itself import the class; that import is kept.
 */
function prepare(prototype: Scanner | undefined): void {
  const scanForModules = prototype?.scanForModules;
  if (!prototype || !scanForModules || prepared.has(prototype)) return;
  prepared.add(prototype);
  prototype.scanForModules = async function (scan) {
    const { moduleDefinition, overrides = [] } = scan;
    if (overrides.length === 0) return scanForModules.call(this, scan);
    const definition = resolved(await moduleDefinition);
    const name = names.get(classOf(definition));
    const override = overrides.find(({ moduleToReplace }) => name !== undefined && moduleToReplace === name);
    const insideReplacement = overrides.some((other) => other !== override && other.newModule === override?.newModule);
    if (!override || insideReplacement) return scanForModules.call(this, scan);
    const here = { moduleToReplace: moduleDefinition instanceof Promise ? moduleDefinition : definition, newModule: override.newModule };
    return scanForModules.call(this, { ...scan, overrides: [...overrides, here] });
  };
}

/** The scanner of this process's Nest; undefined if Nest has moved it, and then only `overrideModule` does not work. */
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
