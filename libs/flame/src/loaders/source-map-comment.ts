import { readFileSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceMap } from '../compile/index.js';

/** A compiled file, apart from the comment that names its source map. */
export interface CommentedCode {
  /** The code without the comment. */
  readonly code: string;
  /** What the comment names; undefined where there is no comment. */
  readonly url: string | undefined;
  /** The map's own file; undefined where the map is in the comment, or there is none. */
  readonly mapFile: string | undefined;
  /** Undefined where there is none that can be read. Its `sources` are relative to the code's folder, as in a map inside the code. */
  readonly map: SourceMap | undefined;
}

const comment = /^\/\/[#@] sourceMappingURL=(\S+)[ \t]*$/gm;
const data = /^data:application\/json[^,]*?(;base64)?,(.*)$/s;

/** Takes the comment off the code of the file `path`, and reads the map that it names. */
export function readSourceMap(code: string, path: string): CommentedCode {
  const found = [...code.matchAll(comment)].at(-1);
  if (found === undefined) return { code, url: undefined, mapFile: undefined, map: undefined };
  const bare = code.slice(0, found.index) + code.slice(found.index + found[0].length);
  const url = found[1]!;
  const inline = data.exec(url);
  if (inline) {
    const text = inline[1] ? Buffer.from(inline[2]!, 'base64').toString() : decodeURIComponent(inline[2]!);
    return { code: bare, url, mapFile: undefined, map: parse(text, path, path) };
  }
  const mapFile = url.startsWith('file:') ? fileURLToPath(url) : resolve(dirname(path), decodeURIComponent(url));
  return { code: bare, url, mapFile, map: parse(read(mapFile), mapFile, path) };
}

/** The code with its map inside, in a comment. */
export function withInlineMap(code: string, map: object): string {
  return withComment(code, `data:application/json;charset=utf-8;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`);
}

/** The code with a comment that names its map. */
export function withComment(code: string, url: string): string {
  return `${code}${code.endsWith('\n') ? '' : '\n'}//# sourceMappingURL=${url}\n`;
}

/** A map as another file has it: with `sources` relative to the folder of `to`, and not to that of `from`. */
export function rebase(map: SourceMap, from: string, to: string): SourceMap {
  const { sourceRoot, ...rest } = map;
  const root = sourceRoot ? `${sourceRoot.replace(/\/$/, '')}/` : '';
  const [before, after] = [dirname(from), dirname(to)];
  const sources = map.sources.map((source) => {
    if (source === null || /^[a-z][a-z\d+.-]*:/i.test(root + source)) return source === null ? null : root + source;
    return before === after && root === ''
      ? source
      : relative(after, resolve(before, root + source))
          .split(sep)
          .join('/');
  });
  return { ...rest, sources };
}

function parse(text: string | undefined, from: string, to: string): SourceMap | undefined {
  if (text === undefined) return undefined;
  try {
    const map = JSON.parse(text) as SourceMap | null;
    return Array.isArray(map?.sources) && typeof map.mappings === 'string' ? rebase(map, from, to) : undefined;
  } catch {
    return undefined;
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
