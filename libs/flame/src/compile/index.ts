export { compile, type CompileInput, type CompileResult, type Diagnostic } from './compile.js';
export { formatDiagnostic } from './format.js';
export type { SourceMap } from './source-map.js';
