import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { typescriptFile } from '../../../../test/support/typescript-file.js';
import { compile, type CompileInput, type CompileResult } from './compile.js';
import { Lines } from './source-map.js';

/** Each word with an underscore stands once in the source. */
const source = `import { Flame } from 'nestjs-flame';
import { thumbs_of } from './thumbs';

/** A comment that is not compiled. */
export class Videos {
  #secret_key = 'x_of_secret';
  constructor(private readonly flame: Flame) {}

  async publish(video: string, every: number): Promise<unknown> {
    return this.flame.call('ffmpeg', async (): Promise<unknown> => {
      const frames: unknown[] = []; frames.push('first_mark', this.#secret_key);

      for (const page of [1, 2]) frames.push(page + Number('second_mark')); // the_comment
      const nested = await this.flame.call('gpu', () => [video, every, 'nested_mark'] as const);
      return { frames, nested, last: thumbs_of('last_mark') };
    });
  }
}

export const loose = async (flame: Flame, count: number) => flame.call('ffmpeg', () => [
  count, 'loose_mark', 'ünï_mark',
]);
`;
const marks = ['first_mark', 'second_mark', 'nested_mark', 'last_mark', 'loose_mark', 'ünï_mark'];

function compiledWithMap(input: CompileInput): CompileResult {
  return compile(input)!;
}

/** All places of `text`, as what the map says of each: `line:column`, from 1. */
function placesOf(text: string, { code, map }: CompileResult): string[] {
  const trace = new TraceMap(map as never);
  const lines = new Lines(code);
  return Array.from(code.matchAll(new RegExp(text, 'g')), ({ index }) => {
    const { line, column } = lines.at(index);
    const found = originalPositionFor(trace, { line: line + 1, column });
    return `${found.source}:${found.line}:${(found.column ?? NaN) + 1}`;
  });
}

/** Where `text` is in the source. */
function inSource(text: string, path: string, within = source): string {
  const { line, column } = new Lines(within).at(within.indexOf(text));
  return `${path}:${line + 1}:${column + 1}`;
}

const esbuilt = (minify: boolean): CompileInput => {
  const { code, map } = transformSync(source, {
    loader: 'ts',
    format: 'cjs',
    target: 'es2022',
    sourcemap: true,
    minify,
    sourcefile: 'src/videos.ts',
  });
  return { code, map, file: 'dist/videos.js', format: 'commonjs' };
};

const inputs: [name: string, input: CompileInput, path: string][] = [
  ['tsc', typescriptFile(source), '../src/videos.service.ts'],
  ['esbuild', esbuilt(false), 'src/videos.ts'],
  ['esbuild, minified to one line', esbuilt(true), 'src/videos.ts'],
];

describe('The source map', () => {
  describe.each(inputs)('of the output of %s', (_, input, path) => {
    const result = compiledWithMap(input);

    it.each(marks)('maps both positions of %s to their line and column in the source', (mark) => {
      const text = input.code.includes(mark) ? mark : mark.replace('ü', '\\\\xFC').replace('ï', '\\\\xEF');
      const places = placesOf(`["'](?=${text})`, result);
      // The nested function is in the copy of the outer one, too, and has a copy of its own.
      expect(places).toEqual(Array.from({ length: mark === 'nested_mark' ? 3 : 2 }, () => inSource(`'${mark}`, path)));
    });

    it('maps every other position as before', () => {
      const before = new TraceMap(input.map as never);
      const lines = new Lines(input.code);
      for (const [, name] of input.code.matchAll(/\b(thumbs_of|secret_key|constructor|defineProperty)\b/g)) {
        const { line, column } = lines.at(input.code.indexOf(name!));
        const found = originalPositionFor(before, { line: line + 1, column });
        expect(placesOf(name!, result)[0]).toBe(`${found.source}:${found.line}:${(found.column ?? NaN) + 1}`);
      }
    });

    it('keeps the lines of the functions', () => {
      const lineOf = (text: string): number => source.slice(0, source.indexOf(text)).split('\n').length;
      expect(result.functions.map(({ line }) => line)).toEqual([lineOf(`call('ffmpeg', async`), lineOf(`call('gpu'`), lineOf(`loose =`)]);
    });

    it('maps added code to nothing', () => {
      const added = placesOf('\\$method|\\$function|\\$args', result);
      expect(new Set(added)).toEqual(new Set(['null:null:NaN']));
    });
  });

  it('keeps sources, their contents and names', () => {
    const input = typescriptFile(source);
    const map = { ...(input.map as object), sourceRoot: 'root', names: ['a'], ignoreList: [0] };
    expect(compiledWithMap({ ...input, map }).map).toMatchObject({
      version: 3,
      sourceRoot: 'root',
      sources: ['../src/videos.service.ts'],
      sourcesContent: [source],
      names: ['a'],
      ignoreList: [0],
    });
  });

  it('may be text, and may have sections', () => {
    const { map, ...input } = typescriptFile(source);
    const expected = compiledWithMap({ ...input, map }).map.mappings;
    expect(compiledWithMap({ ...input, map: JSON.stringify(map) }).map.mappings).toBe(expected);
    const sections = { version: 3, sections: [{ offset: { line: 0, column: 0 }, map }] };
    expect(compiledWithMap({ ...input, map: sections }).map.mappings).toBe(expected);
  });

  it('maps to the file itself if the file has no map', () => {
    const code = typescriptFile(source).code;
    const result = compiledWithMap({ code, file: 'dist/videos.js', format: 'commonjs' });
    expect(result.map).toMatchObject({ sources: ['videos.js'], sourcesContent: [code] });
    for (const mark of ['first_mark', 'second_mark', 'last_mark', 'loose_mark', 'ünï_mark'])
      expect(placesOf(`(?<=["'])${mark}`, result)).toEqual([inSource(mark, 'videos.js', code), inSource(mark, 'videos.js', code)]);
  });

  it('keeps the lines above the end of a class, and the last line', () => {
    const input = typescriptFile(source);
    const [before, after] = [input.code, compiledWithMap(input).code].map((code) => code.split('\n'));
    for (const text of ['"use strict"', 'class Videos', 'first_mark', 'last_mark']) {
      const holds = (line: string): boolean => line.includes(text);
      expect(after!.findIndex(holds)).toBe(before!.findIndex(holds));
    }
    expect(after!.at(-1)).toMatch(/^\/\/# sourceMappingURL=/);
  });
});
