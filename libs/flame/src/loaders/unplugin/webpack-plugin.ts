import { join } from 'node:path';
import { version } from '../../core/version.js';

interface Rules {
  readonly options: { readonly module: { readonly rules: unknown[] } };
}

/** A plugin of webpack and rspack. */
export interface WebpackPlugin {
  /** Called by the bundler. */
  apply(compiler: Rules): void;
}

/** The file of the loader: beside the bundled file of this module. */
const loader = join(__dirname, 'unplugin-loader.js');

export function webpackPlugin(): WebpackPlugin {
  return {
    apply({ options }) {
      // The version is part of the key of webpack's cache.
      options.module.rules.push({ test: /\.[cm]?[jt]sx?$/, enforce: 'post', use: [{ loader, options: { version } }] });
    },
  };
}
