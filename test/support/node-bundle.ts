import type { BuildOptions } from 'esbuild';

/** esbuild's options to bundle a program of the tests, with the library, into one file for Node. */
export const nodeBundle = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
} satisfies BuildOptions;
