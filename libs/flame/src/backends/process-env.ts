import { compileCacheFolder } from './compile-cache.js';
import { withoutInspector } from './node-flags.js';

/** Which of the parent's environment a runner gets, and what beside it. */
export interface EnvRules {
  readonly inheritEnv: 'all' | 'none' | readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The environment of a runner: what is inherited, then `env`, then `FLAME_PARENT`, which nothing overrides. `NODE_OPTIONS` is carried on in any case,
 * because it holds the loaders without which the app may not start.
 */
export function runnerEnv(rules: EnvRules, flameParent: string, own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = rules.inheritEnv === 'all' ? { ...own } : pick(own, rules.inheritEnv === 'none' ? [] : rules.inheritEnv);
  if (own.NODE_OPTIONS !== undefined) env.NODE_OPTIONS = withoutInspector(own.NODE_OPTIONS.split(' ')).join(' ');
  Object.assign(env, rules.env);
  // A coverage run is less exact with cached code.
  if (env.NODE_COMPILE_CACHE === undefined && env.NODE_V8_COVERAGE === undefined) env.NODE_COMPILE_CACHE = compileCacheFolder();
  for (const name of Object.keys(env)) if (env[name] === undefined || isFlameParent(name)) delete env[name];
  env.FLAME_PARENT = flameParent;
  return env;
}

/** Windows has one variable for all ways to write its name. */
export function isFlameParent(name: string): boolean {
  return name.toUpperCase() === 'FLAME_PARENT';
}

function pick(own: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(names.map((name) => [name, own[name]]));
}
