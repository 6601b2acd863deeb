import * as common from '@nestjs/common';
import { build } from 'esbuild';
import type { BuildOptions } from 'esbuild';
import ts from 'typescript';

/**
 * Compiles decorated classes as `nest build` does, bundles them with esbuild, and returns their exports. They use the packages of the test: Nest, and those in
 * `packages`.
 */
export async function bundledClasses<T>(source: string, packages: Record<string, unknown>, options: BuildOptions): Promise<T> {
  const { outputText: contents } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  const known: Record<string, unknown> = { '@nestjs/common': common, ...packages };
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: Object.keys(known),
    tsconfigRaw: '{}',
    write: false,
    target: 'node20',
    ...options,
  });
  const module = { exports: {} };
  // oxlint-disable-next-line no-new-func
  new Function('module', 'exports', 'require', outputFiles![0]!.text)(module, module.exports, (name: string) => known[name]);
  return module.exports as T;
}
