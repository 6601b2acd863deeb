import { encode, type SourceMapMappings, type SourceMapSegment } from '@jridgewell/sourcemap-codec';
import { decodedMappings, FlattenMap, originalPositionFor, type SectionedSourceMapInput, TraceMap } from '@jridgewell/trace-mapping';
import type { Chunk } from './output.js';

/** A source map, version 3, as JSON. */
export interface SourceMap {
  readonly version: 3;
  readonly file?: string;
  readonly sourceRoot?: string;
  readonly sources: (string | null)[];
  readonly sourcesContent?: (string | null)[];
  readonly names: string[];
  readonly mappings: string;
  readonly ignoreList?: number[];
}

/** Converts offsets in the code to lines and columns, both from 0. */
export class Lines {
  readonly #starts = [0];

  constructor(code: string) {
    for (let at = code.indexOf('\n'); at >= 0; at = code.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  at(offset: number): { line: number; column: number } {
    let low = 0;
    for (let high = this.#starts.length; high - low > 1;) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return { line: low, column: offset - this.#starts[low]! };
  }
}

/** Reads the map of a file. For a file without one, returns a map of the file to itself. */
export function readMap(code: string, file: string, map: unknown): TraceMap {
  if (map !== undefined && map !== null && map !== '') return FlattenMap(map as SectionedSourceMapInput);
  const lines = code
    .split('\n')
    .map((text, line) => Array.from(text.matchAll(/[\w$]+|[^\s\w$]/g), ({ index }): SourceMapSegment => [index, 0, line, index]));
  const source = file.slice(file.lastIndexOf('/') + 1);
  return new TraceMap({ version: 3, sources: [source], sourcesContent: [code], names: [], mappings: lines });
}

/** A position in the source; lines from 1, columns from 0. */
export interface SourcePosition {
  /** The source's name in the map; undefined where the map does not have the position. */
  readonly source: string | undefined;
  readonly line: number;
  readonly column: number;
}

/** The position in the source that a position in the code comes from; the same position where the map has none. */
export function originalPosition(map: TraceMap, { line, column }: { line: number; column: number }): SourcePosition {
  const found = originalPositionFor(map, { line: line + 1, column });
  if (found.source === null) return { source: undefined, line: line + 1, column };
  return { source: found.source, line: found.line, column: found.column };
}

/** The map of the output. Parts of the given code, repeated ones, too, have the positions of `map`; added text has none. */
export function composeMap(chunks: readonly Chunk[], code: string, map: TraceMap): SourceMap {
  const before = decodedMappings(map) as readonly SourceMapSegment[][];
  const lines = new Lines(code);
  const mappings: SourceMapMappings = [[]];
  let column = 0;
  for (const { text, from } of chunks) {
    const at = from === undefined ? undefined : lines.at(from);
    text.split('\n').forEach((part, index) => {
      if (index > 0) {
        mappings.push([]);
        column = 0;
      }
      const segments = mappings.at(-1)!;
      if (at) appendPart(segments, before[at.line + index] ?? [], index === 0 ? at.column : 0, part.length, column);
      else if (part.length > 0 && (segments.at(-1)?.length ?? 1) > 1) segments.push([column]);
      column += part.length;
    });
  }
  const { file, sourceRoot, sources, sourcesContent, names, ignoreList } = map;
  return {
    version: 3,
    ...(file != null && { file }),
    ...(sourceRoot != null && { sourceRoot }),
    sources,
    ...(sourcesContent && { sourcesContent }),
    names,
    mappings: encode(mappings),
    ...(ignoreList && { ignoreList }),
  };
}

/**
 * Adds the segments of `length` columns of a line, from `start` on. If `start` is inside of a segment, the part begins with the position of that
 * segment.
 */
function appendPart(to: SourceMapSegment[], line: readonly SourceMapSegment[], start: number, length: number, column: number): void {
  if (length === 0) return;
  let current: SourceMapSegment | undefined;
  let index = 0;
  for (; index < line.length && line[index]![0] <= start; index++) current = line[index];
  if (current) to.push(moved(current, column));
  else if ((to.at(-1)?.length ?? 1) > 1) to.push([column]);
  for (; index < line.length && line[index]![0] < start + length; index++) to.push(moved(line[index]!, column + line[index]![0] - start));
}

function moved(segment: SourceMapSegment, column: number): SourceMapSegment {
  const copy = [...segment] as SourceMapSegment;
  copy[0] = column;
  return copy;
}
