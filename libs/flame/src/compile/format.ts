import type { CompileInput, Diagnostic } from './compile.js';
import { Lines, originalPosition, readMap, type SourcePosition } from './source-map.js';

/**
 * A diagnostic as text: the place in the source, the problem, the lines around it, and the fix. The map of `input` leads to the source. If the map
 * does not contain the text of the source, as those of `tsc`, `readSource` reads it; it gets the path from the root of the package.
 */
export function formatDiagnostic(diagnostic: Diagnostic, input: CompileInput, readSource?: (path: string) => string | undefined): string {
  const map = readMap(input.code, input.file, input.map);
  const lines = new Lines(input.code);
  const start = originalPosition(map, lines.at(diagnostic.start));
  const path = start.source === undefined ? input.file : join(input.file, start.source);
  const content = start.source === undefined ? input.code : (contentOf(map, start.source) ?? readSource?.(path));
  const head = `${path}:${start.line}:${start.column + 1} - ${diagnostic.severity}: ${diagnostic.message}`;
  const frame = content === undefined ? [] : ['', ...codeFrame(content, start, input.code.slice(diagnostic.start, diagnostic.end)), ''];
  return [head, ...frame, `Fix: ${diagnostic.fix}`].join('\n');
}

function contentOf({ sources, resolvedSources, sourcesContent }: ReturnType<typeof readMap>, source: string): string | undefined {
  const index = Math.max(sources.indexOf(source), resolvedSources.indexOf(source));
  return sourcesContent?.[index] ?? undefined;
}

/** The line with two lines before and after it, and a mark below it. The mark is as long as `text` if the source has that text there. */
function codeFrame(content: string, { line, column }: SourcePosition, text: string): string[] {
  const all = content.split(/\r?\n/);
  const first = Math.max(1, line - 2);
  const last = Math.min(all.length, line + 2);
  const width = String(last).length;
  const shown: string[] = [];
  for (let number = first; number <= last; number++) {
    const here = number === line;
    shown.push(`${here ? '>' : ' '} ${String(number).padStart(width)} | ${all[number - 1]}`.trimEnd());
    if (here) shown.push(`  ${' '.repeat(width)} | ${' '.repeat(column)}${'^'.repeat(markLength(all[number - 1] ?? '', column, text))}`);
  }
  return shown;
}

function markLength(line: string, column: number, text: string): number {
  const first = text.split('\n')[0]!;
  if (line.startsWith(first, column)) return Math.max(1, first.length);
  return /^[\w$#]+/.exec(line.slice(column))?.[0].length ?? 1;
}

/** The path that `source` names, seen from `file`. */
function join(file: string, source: string): string {
  if (/^([a-z]+:|\/)/i.test(source)) return source;
  const parts: string[] = [];
  for (const part of [...file.split('/').slice(0, -1), ...source.split('/')]) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}
