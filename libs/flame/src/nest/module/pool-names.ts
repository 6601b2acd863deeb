import { badOption, OptionReader } from '../../core/options/option-reader.js';

/** The option `names` of the function `path`. @throws {FlameError} FLAME_CONFIG when it is missing or no list of strings. */
export function readNames(options: unknown, path: string): readonly string[] {
  const names = new OptionReader(options, path).texts('names', "['ffmpeg']");
  if (names) return names;
  throw badOption(`${path}.names`, 'is missing', "Pass the names of the pools, such as ['ffmpeg'].");
}

/** @throws {FlameError} FLAME_CONFIG when the factory `source` of the function `path` does not return exactly the pools of these names. */
export function compareNames(pools: readonly { readonly name: string }[], names: readonly string[], path: string, source: string): void {
  const factory = source.slice(path.length + 1, -2);
  const given = pools.map(({ name }) => name);
  const missing = names.filter((name) => !given.includes(name));
  if (missing.length > 0)
    throw badOption(`${path} names`, `has ${quoted(missing)}, but ${factory} returns no such pool`, 'Remove the name, or return the pool.');
  const unnamed = given.filter((name) => !names.includes(name));
  if (unnamed.length > 0)
    throw badOption(
      `${path} names`,
      `lacks ${quoted(unnamed)}, a pool that ${factory} returns`,
      'Add the name, so that the pool can be injected.',
    );
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
