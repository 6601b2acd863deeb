import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readSourceMap, rebase, withComment, withInlineMap } from './source-map-comment.js';

const map = { version: 3 as const, sources: ['../src/main.ts'], names: [], mappings: 'AAAA' };

/** A folder with that file; removed after the test. */
function folderWith(name: string, text: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flame-maps-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
  return folder;
}

describe('readSourceMap', () => {
  it('reads a map in the code, and removes the comment', () => {
    const { code, map: read, mapFile } = readSourceMap(withInlineMap('a();\n', map), '/app/dist/main.js');
    expect({ code, read, mapFile }).toEqual({ code: 'a();\n\n', read: map, mapFile: undefined });
  });

  it.each([
    `data:application/json,${encodeURIComponent(JSON.stringify(map))}`,
    `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`,
  ])('reads a map as %s', (url) => {
    expect(readSourceMap(withComment('a();', url), '/app/dist/main.js').map).toEqual(map);
  });

  it.each(['main.js.map', 'maps/main%201.js.map'])('reads a map in the file %s', (url) => {
    const name = decodeURIComponent(url);
    const folder = folderWith(name, JSON.stringify(map));
    const expected = { ...map, sources: [url.includes('/') ? 'src/main.ts' : '../src/main.ts'] };
    for (const written of [url, pathToFileURL(join(folder, name)).href]) {
      const read = readSourceMap(`a();\r\n//# sourceMappingURL=${written}\r\n`, join(folder, 'main.js'));
      expect(read).toEqual({ code: 'a();\r\n\r\n', url: written, mapFile: join(folder, name), map: expected });
    }
  });

  it('uses the last comment, and none within a line', () => {
    const code = `//# sourceMappingURL=old.map\nconst text = "//# sourceMappingURL=text.map";\n//@ sourceMappingURL=new.map`;
    expect(readSourceMap(code, '/app/main.js')).toMatchObject({ url: 'new.map', mapFile: '/app/new.map' });
    expect(readSourceMap('const text = "//# sourceMappingURL=text.map";', '/app/main.js').url).toBeUndefined();
  });

  it.each([
    ['a file that is not there', 'none.map'],
    ['no JSON', 'data:application/json,{'],
    ['no map', 'data:application/json,null'],
  ])('reads %s as no map, and keeps the comment', (_, url) => {
    expect(readSourceMap(withComment('a();', url), '/app/dist/main.js')).toMatchObject({ url, map: undefined });
  });
});

describe('rebase', () => {
  it.each([
    [['../src/a.ts'], '', ['../src/a.ts']],
    [['a.ts'], '../src/', ['../src/a.ts']],
    [['/app/src/a.ts'], '', ['../src/a.ts']],
    [['webpack://app/a.ts', 'file:///a.ts'], '', ['webpack://app/a.ts', 'file:///a.ts']],
    [['a.ts'], 'https://a.example/src', ['https://a.example/src/a.ts']],
    [[null], '../src', [null]],
  ])('turns %j with the root %j into %j', (sources, sourceRoot, rebased) => {
    const from = sourceRoot === '' && sources[0] !== '/app/src/a.ts' ? '/app/dist/a.js.map' : '/app/dist/maps/../a.js.map';
    expect(rebase({ ...map, sources, sourceRoot }, from, '/app/dist/a.js')).toEqual({ ...map, sources: rebased });
  });

  it('leads to the same files from another folder', () => {
    expect(rebase(map, '/app/dist/maps/a.js.map', '/app/dist/a.js').sources).toEqual(['src/main.ts']);
    expect(rebase(map, '/app/dist/a.js', '/app/dist/maps/a.js.map').sources).toEqual(['../../src/main.ts']);
  });
});
