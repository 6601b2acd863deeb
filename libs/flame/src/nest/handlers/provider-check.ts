import type { ProviderHome } from './provider-home.js';

/** Gets the providers of all classes that have this check, in the order of the app's modules. @throws {FlameError} FLAME_CONFIG */
export type ProviderCheck = (homes: readonly ProviderHome[]) => void;

const key = Symbol('nestjs-flame:provider-check');

/** Runs `check` when an app starts that provides this class or one that extends it. */
export function checkProviders(prototype: object, check: ProviderCheck): void {
  Reflect.defineMetadata(key, check, prototype);
}

/** Runs each check of the app's providers once. */
export function runProviderChecks(homes: readonly ProviderHome[]): void {
  const byCheck = new Map<ProviderCheck, ProviderHome[]>();
  for (const home of homes) {
    const check = Reflect.getMetadata(key, home.prototype) as ProviderCheck | undefined;
    if (check) byCheck.set(check, [...(byCheck.get(check) ?? []), home]);
  }
  for (const [check, checked] of byCheck) check(checked);
}
