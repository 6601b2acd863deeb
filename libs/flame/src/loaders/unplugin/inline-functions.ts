import { esbuildPlugin } from './esbuild-plugin.js';
import type { EsbuildPlugin } from './esbuild-plugin.js';
import { rollupPlugin } from './rollup-plugin.js';
import type { RollupPlugin } from './rollup-plugin.js';
import { webpackPlugin } from './webpack-plugin.js';
import type { WebpackPlugin } from './webpack-plugin.js';

export type { EsbuildPlugin, RollupPlugin, WebpackPlugin };

/**
 * The compile step for inline functions as a plugin of each bundler: `plugins: [inlineFunctions.vite()]`. It comes after what makes
 * JavaScript of TypeScript. An inline function that cannot run elsewhere fails the build.
 */
export const inlineFunctions = {
  /** For Vite and Vitest, whose own transform comes first. */
  vite: rollupPlugin,
  /** For Rollup, behind a plugin that compiles TypeScript. */
  rollup: rollupPlugin,
  /** For Rolldown: give it JavaScript, such as `dist`, since Rolldown compiles TypeScript after its plugins. */
  rolldown: rollupPlugin,
  /** For webpack, behind its loaders: also Nest's builder `webpack`. */
  webpack: webpackPlugin,
  /** For rspack, behind its loaders: also Nest's builder `rspack`. */
  rspack: webpackPlugin,
  /** For esbuild: give it JavaScript, such as `dist`, since esbuild compiles TypeScript after its plugins. */
  esbuild: esbuildPlugin,
} as const;
