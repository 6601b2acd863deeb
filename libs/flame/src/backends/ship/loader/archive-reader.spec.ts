import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { configExitCode } from '../../../core/errors/config-exit-code.js';
import { archiveMagic } from '../archive-format.js';
import { ArchiveReader } from './archive-reader.js';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'flame-archive-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

interface Given {
  files?: unknown[];
  links?: unknown[];
  content?: string;
}

function archive({ files = [], links = [], content = '' }: Given): Buffer {
  const index = Buffer.from(JSON.stringify({ files, links, addons: [] }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(index.length);
  return Buffer.concat([archiveMagic, length, index, Buffer.from(content)]);
}

/** Unpacks in pieces of `step` bytes. */
function unpack(bytes: Buffer, { size = bytes.length, step = bytes.length || 1, into = folder() } = {}): string {
  const reader = new ArchiveReader(into, size, () => {});
  try {
    for (let at = 0; at < bytes.length; at += step) reader.take(bytes.subarray(at, at + step));
    reader.end();
  } finally {
    reader.close();
  }
  return into;
}

const file = (path: unknown, bytes: unknown = 0): object => ({ path, bytes });

describe('ArchiveReader', () => {
  it.each([1, 7, 4096])('unpacks files, empty files and links, in pieces of %d bytes', (step) => {
    const files = [file('a/b.js', 3), { path: 'bin', bytes: 2, executable: true }, file('empty'), file('z/last', 1)];
    const links = [{ path: 'node_modules/a', target: '../a' }];
    const into = unpack(archive({ files, links, content: 'abcde1' }), { step });
    expect(readFileSync(join(into, 'a/b.js'), 'utf8')).toBe('abc');
    expect(readFileSync(join(into, 'bin'), 'utf8')).toBe('de');
    expect(lstatSync(join(into, 'bin')).mode & 0o777).toBe(0o755);
    expect(lstatSync(join(into, 'a/b.js')).mode & 0o777).toBe(0o644);
    expect(readFileSync(join(into, 'empty'), 'utf8')).toBe('');
    expect(readFileSync(join(into, 'z/last'), 'utf8')).toBe('1');
    expect(readlinkSync(join(into, 'node_modules/a'))).toBe('../a');
    expect(readFileSync(join(into, 'node_modules/a/b.js'), 'utf8')).toBe('abc');
  });

  it.each([
    ['an absolute path', { files: [file('/etc/passwd')] }],
    ['a path with ..', { files: [file('a/../../b')] }],
    ['a path with a backslash', { files: [file('..\\b')] }],
    ['a path with a drive', { files: [file('C:b')] }],
    ['a path with a zero byte', { files: [file('a\0b')] }],
    ['an empty name', { files: [file('a//b')] }],
    ['a path that is no text', { files: [file(7)] }],
    ['no path', { files: [null] }],
    ['a very long path', { files: [file('a'.repeat(5_000))] }],
    ['a path twice', { files: [file('a'), file('a')] }],
    ['a file and a link with one path', { files: [file('a')], links: [{ path: 'a', target: 'b' }] }],
    ['a file below a file', { files: [file('a'), file('a/b')] }],
    ['a file below a link', { files: [file('a/b')], links: [{ path: 'a', target: 'c' }] }],
    [
      'a link below a link',
      {
        links: [
          { path: 'a', target: 'c' },
          { path: 'a/b', target: 'd' },
        ],
      },
    ],
    ['a link with an absolute target', { links: [{ path: 'a', target: '/etc' }] }],
    ['a link out of the folder', { links: [{ path: 'a', target: '..' }] }],
    ['a deep link out of the folder', { links: [{ path: 'a/b', target: '../../c' }] }],
    ['a link that goes down and up again', { links: [{ path: 'a', target: 'b/../../c' }] }],
    ['a link to itself by a dot', { links: [{ path: 'a', target: './b' }] }],
    ['a link without a target', { links: [{ path: 'a', target: '' }] }],
    ['a link whose target is no text', { links: [{ path: 'a', target: 1 }] }],
    ['a negative size', { files: [file('a', -1)] }],
    ['a size that is no number', { files: [file('a', '1')] }],
    ['a size with a fraction', { files: [file('a', 0.5)] }],
    ['more content than its files have', { files: [file('a', 1)], content: 'ab' }],
    ['less content than its files have', { files: [file('a', 3)], content: 'ab' }],
    ['too many entries', { files: Array.from({ length: 200_001 }, (_, n) => file(`f${n}`)) }],
  ] as [string, Given][])('refuses %s, and writes nothing', (_, given) => {
    const into = folder();
    const attempt = (): string => unpack(archive(given), { into });
    expect(attempt).toThrow(/^the archive of the app's code is refused: /);
    expect(attempt).toThrow(expect.objectContaining({ exitCode: configExitCode }));
    expect(readdirSync(into)).toEqual([]);
  });

  const good = archive({ files: [file('a', 3)], content: 'abc' });

  it.each([
    ['more bytes than announced', good, { size: good.length - 1 }],
    ['fewer bytes than announced', good.subarray(0, -1), { size: good.length }],
    ['another format', Buffer.from('PK\x03\x04'.padEnd(40)), {}],
    ['an index beyond the end', Buffer.concat([archiveMagic, Buffer.from([255, 255, 255, 255])]), { size: 1_000 }],
    ['an index that is no JSON', Buffer.concat([archiveMagic, Buffer.from([0, 0, 0, 1]), Buffer.from('{')]), {}],
    ['an index without lists', Buffer.concat([archiveMagic, Buffer.from([0, 0, 0, 2]), Buffer.from('{}')]), {}],
    ['nothing', Buffer.alloc(0), { size: 0 }],
  ])('refuses %s', (_, bytes, options) => {
    expect(() => unpack(bytes, options)).toThrow(/is refused/);
  });

  it('overwrites nothing', () => {
    const into = unpack(good);
    expect(() => unpack(good, { into })).toThrow('EEXIST');
  });
});
