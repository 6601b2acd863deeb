import type { BuildOptions } from 'esbuild';

/** How a program of the tests, and the library in it, becomes one file for Node, which finds its packages from there. */
export const nodeBundle = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
} satisfies BuildOptions;
