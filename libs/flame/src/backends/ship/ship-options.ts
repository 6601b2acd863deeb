import { OptionReader, show } from '../../core/options/option-reader.js';
import { readEnvOptions } from '../launch/env-options.js';
import { preloads } from '../launch/node-flags.js';
import type { EnvRules } from '../launch/runner-env.js';

/** How a backend ships the app's code to machines whose image holds only Node. */
export interface ShipCodeOptions {
  /**
   * The compiled main file that runners start, absolute or relative to the working folder.
   *
   * @default the file with which this process was started
   */
  entry?: string;
  /**
   * Ships the app's bundle, which `npx nestjs-flame bundle` makes, if it was made from the build on disk. Of the production dependencies the
   * machine then gets only what a runner needs beside the bundle. The log says why a bundle that is there is not shipped.
   *
   * @default true
   */
  bundle?: boolean;
  /**
   * Files and folders that runners need besides the build and its production dependencies, such as models and fonts. Relative to the app's
   * folder, which holds its package.json; they have the same place beside the app on the machine.
   *
   * @default []
   */
  paths?: readonly string[];
  /**
   * Patterns of files that are not shipped, relative to the app's folder: `*` stands for any characters of one name, `**` for any folders.
   * A pattern that matches a folder excludes everything below.
   *
   * @default []
   */
  exclude?: readonly string[];
  /**
   * Patterns of files that are shipped although they would be left out: declarations (`*.d.ts`), source maps and hidden folders of
   * dependencies, and files that `exclude` matches.
   *
   * @default []
   */
  include?: readonly string[];
  /**
   * The folder on the machine that keeps the code, by its hash; a leading `~/` is the home folder of the machine's user. Machines that share
   * it, by way of a volume, fetch a build once. Only the machine's user should be able to write there.
   *
   * @default a folder of the user in the machine's temporary folder
   */
  cache?: string;
  /**
   * The largest size of the code, in bytes before compression. A larger app is not shipped: the boot fails, and its error names the largest
   * parts.
   *
   * @default 1_073_741_824
   */
  maxBytes?: number;
}

/** The checked options. */
export interface ShipConfig {
  readonly entry?: string | undefined;
  readonly bundle: boolean;
  readonly paths: readonly string[];
  readonly exclude: readonly string[];
  readonly include: readonly string[];
  readonly cache: string | undefined;
  readonly maxBytes: number;
}

/**
 * Reads `shipCode`, and the environment of the machines, of a backend for machines of their own. `usual` is the default of `shipCode`.
 *
 * @throws {FlameError} FLAME_CONFIG
 */
export function readShipping(reader: OptionReader, usual = false): EnvRules & { readonly shipCode: ShipConfig | undefined } {
  const environment = readEnvOptions(reader, 'none');
  const shipCode = readShipCode(reader, environment, usual);
  return { ...environment, shipCode, shipsCode: shipCode !== undefined };
}

/**
 * Reads the option `shipCode` of a backend with this environment; undefined if code is not shipped.
 *
 * @throws {FlameError} FLAME_CONFIG that names the option.
 */
function readShipCode(reader: OptionReader, { env }: Pick<EnvRules, 'env'>, usual: boolean): ShipConfig | undefined {
  const value = reader.raw('shipCode') ?? usual;
  if (value === false) return undefined;
  if (value !== true && (typeof value !== 'object' || Array.isArray(value))) {
    throw reader.refuse(
      'shipCode',
      `must be true, false or an object of options, but is ${show(value)}`,
      'Pass true to ship the app as it is.',
    );
  }
  const inner = new OptionReader(value === true ? {} : value, `${reader.path}.shipCode`);
  const config: ShipConfig = {
    entry: inner.optionalText('entry'),
    bundle: inner.flag('bundle', true),
    paths: inner.texts('paths', "['models', 'fonts/Inter.ttf']") ?? [],
    exclude: inner.texts('exclude', "['dist/**/*.spec.js']") ?? [],
    include: inner.texts('include', "['node_modules/typescript/lib/*.d.ts']") ?? [],
    cache: inner.optionalText('cache'),
    maxBytes: inner.count('maxBytes', 1, 1024 ** 3),
  };
  inner.done();
  if (config.cache !== undefined && !/^(?:~?\/|[A-Za-z]:[\\/])/.test(config.cache))
    throw inner.refuse(
      'cache',
      `must be an absolute path on the machine, but is ${show(config.cache)}`,
      "Pass a path such as '/var/cache/app' or '~/.cache/app'.",
    );
  const [preloaded] = preloads(env.NODE_OPTIONS?.split(' ') ?? []);
  if (preloaded !== undefined)
    throw reader.refuse(
      'env.NODE_OPTIONS',
      `preloads ${show(preloaded)}, which is not on the machine when Node starts there`,
      'Start the parent with this flag: shipCode lets runners load it when the code is there.',
    );
  return config;
}
