import { OptionReader, show } from '../../core/options/option-reader.js';
import { isFlameParent } from './runner-env.js';
import type { EnvRules } from './runner-env.js';

/** The options of every backend for the environment of its runners. */
export interface EnvOptions {
  /**
   * Environment variables that are added to the inherited ones and replace them; `undefined` removes a variable. `FLAME_PARENT` cannot be
   * set.
   *
   * @default {}
   */
  env?: Readonly<Record<string, string | undefined>>;
  /**
   * The parent's environment variables that runners inherit: all, none, or the named ones. `NODE_OPTIONS` is always inherited.
   *
   * @default 'all' for processes; 'none' for machines of their own, so that no secret leaves this one by accident
   */
  inheritEnv?: 'all' | 'none' | readonly string[];
}

/** Reads `env` and `inheritEnv`. @throws {FlameError} FLAME_CONFIG that names the variable and shows no value. */
export function readEnvOptions(reader: OptionReader, inheritByDefault: 'all' | 'none'): EnvRules {
  const inheritEnv = reader.raw('inheritEnv') ?? inheritByDefault;
  if (inheritEnv !== 'all' && inheritEnv !== 'none' && !isTexts(inheritEnv)) {
    throw reader.refuse(
      'inheritEnv',
      `must be 'all', 'none' or a list of names, but is ${show(inheritEnv)}`,
      "Pass a list such as ['PATH', 'DATABASE_URL'].",
    );
  }
  return { inheritEnv, env: readEnv(reader) };
}

function readEnv(reader: OptionReader): Record<string, string | undefined> {
  const value = reader.raw('env') ?? {};
  const variables = new OptionReader(value, `${reader.path}.env`);
  const checked = Object.entries(value).map(([name, text]: [string, unknown]): [string, string | undefined] => {
    if (isFlameParent(name))
      throw variables.refuse(name, 'cannot be overridden', 'Remove it: the pool sets this variable for its runners.');
    if (text === undefined || typeof text === 'string') return [name, text];
    // The value itself may be a secret.
    throw variables.refuse(name, `must be a string, but is of type ${typeof text}`, 'Pass a string, or undefined to remove the variable.');
  });
  return Object.fromEntries(checked);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
