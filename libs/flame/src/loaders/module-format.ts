import { parse } from 'acorn';

/** How a file runs: as CommonJS or as an ES module. */
export type ModuleFormat = 'commonjs' | 'module';

/** How Node runs a file: by the end of its name, then by the `type` of its package, then by its syntax. */
export function moduleFormat(path: string, code: string, type: ModuleFormat | undefined): ModuleFormat {
  if (/\.[cm][jt]s$/.test(path)) return path.at(-3) === 'm' ? 'module' : 'commonjs';
  return type ?? formatBySyntax(code);
}

/** An ES module is what imports, exports, or awaits at its top level; all else is CommonJS. */
export function formatBySyntax(code: string): ModuleFormat {
  try {
    parse(code, { ecmaVersion: 'latest', sourceType: 'commonjs' });
    return 'commonjs';
  } catch {
    return 'module';
  }
}
