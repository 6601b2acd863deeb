import ts from 'typescript';
import { compile, type CompileInput, type CompileResult, formatDiagnostic } from '../../libs/flame/src/compile/index.js';

/** A TypeScript file of a Nest app, as `tsc` compiles it: legacy decorators, metadata, and a map with the source. */
export function typescriptFile(source: string, options: ts.CompilerOptions = {}): CompileInput {
  const { outputText, sourceMapText } = ts.transpileModule(source, {
    fileName: 'videos.service.ts',
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.CommonJS,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      sourceMap: true,
      inlineSources: true,
      ...options,
    },
  });
  const map = JSON.parse(sourceMapText!) as { sources: string[] };
  map.sources = ['../src/videos.service.ts'];
  const format = options.module === ts.ModuleKind.ESNext ? 'module' : 'commonjs';
  return { code: outputText, file: 'dist/videos.service.js', format, map };
}

/** What the compiler says of a file, as text. */
export function diagnosticsOf(input: CompileInput): string {
  const { diagnostics } = compile(input) as CompileResult;
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, input)).join('\n\n');
}
