import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CodeCache } from './code-cache.js';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'flame-cache-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const hashOf = (n: number): string => String(n).padStart(64, '0');

/** Adds a build that was used `age` seconds ago. */
function addBuild(at: string, n: number, age: number): string {
  const path = join(at, hashOf(n));
  mkdirSync(join(path, 'app'), { recursive: true });
  utimesSync(path, Date.now() / 1_000 - age, Date.now() / 1_000 - age);
  return path;
}

describe('CodeCache', () => {
  it('has a build after it was published, and shows another process that was faster its own one', () => {
    const at = folder();
    const [a, b] = [new CodeCache(at), new CodeCache(at)];
    expect(a.use(hashOf(1))).toBeUndefined();
    expect(b.use(hashOf(1))).toBeUndefined();
    const [fromA, fromB] = [a.begin(hashOf(1)), b.begin(hashOf(1))];
    writeFileSync(join(fromA, 'app/who'), 'a');
    writeFileSync(join(fromB, 'app/who'), 'b');
    const build = a.publish(fromA, hashOf(1));
    expect(b.publish(fromB, hashOf(1))).toBe(build);
    expect(readFileSync(join(build, 'app/who'), 'utf8')).toBe('a');
    expect(existsSync(fromB)).toBe(false);
    expect(new CodeCache(at).use(hashOf(1))).toBe(build);
  });

  it('keeps the three builds that were used last, and those that a living process uses', () => {
    const at = folder();
    const user = new CodeCache(at);
    for (let n = 1; n <= 6; n++) addBuild(at, n, n * 1_000);
    user.use(hashOf(6));
    utimesSync(join(at, hashOf(6)), 1, 1);
    // A build is not even moved away for a moment while a process runs it: that would change this time.
    const changed = statSync(join(at, hashOf(6))).ctimeMs;
    new CodeCache(at).prune();
    expect(statSync(join(at, hashOf(6))).ctimeMs).toBe(changed);
    expect(readdirSync(at).filter((name) => name.length === 64)).toEqual([1, 2, 3, 6].map(hashOf));
  });

  it('removes builds whose users have ended, and what killed loaders have left', async () => {
    const at = folder();
    for (let n = 1; n <= 5; n++) addBuild(at, n, n * 1_000);
    const ended = spawn(process.execPath, ['-e', '']);
    await once(ended, 'exit');
    const mine = new CodeCache(at);
    mine.use(hashOf(9));
    const [own] = readdirSync(at).filter((name) => name.includes('.user-'));
    const user = JSON.parse(readFileSync(join(at, own!), 'utf8')) as object;
    writeFileSync(join(at, `${hashOf(5)}.user-x`), JSON.stringify({ ...user, pid: ended.pid }));
    // Its process id was given to another process since.
    writeFileSync(join(at, `${hashOf(4)}.user-y`), JSON.stringify({ ...user, start: '1' }));
    mkdirSync(join(at, `${hashOf(8)}.partial-x/app`), { recursive: true });
    mkdirSync(join(at, `${hashOf(8)}.old-x/app`), { recursive: true });
    const unpacking = mine.begin(hashOf(9));
    mine.prune();
    expect(readdirSync(at).sort()).toEqual([...[1, 2, 3].map(hashOf), own!, unpacking.slice(at.length + 1)].sort());
  });

  it('keeps the build of a process in another container for a day after it has last shown itself', () => {
    const at = folder();
    for (let n = 1; n <= 5; n++) addBuild(at, n, n * 1_000);
    const elsewhere = JSON.stringify({ pid: 1, start: '1', scope: 'another container' });
    const [recent, old] = [join(at, `${hashOf(4)}.user-x`), join(at, `${hashOf(5)}.user-y`)];
    for (const path of [recent, old]) writeFileSync(path, elsewhere);
    const hours = (n: number): number => Date.now() / 1_000 - n * 3_600;
    utimesSync(recent, hours(23), hours(23));
    utimesSync(old, hours(25), hours(25));
    new CodeCache(at).prune();
    expect(readdirSync(at).sort()).toEqual([...[1, 2, 3, 4].map(hashOf), recent.slice(at.length + 1)].sort());
  });

  it('uses no folder of the temporary directory that others can write to', () => {
    const at = folder();
    vi.stubEnv('TMPDIR', at);
    onTestFinished(() => void vi.unstubAllEnvs());
    const cache = new CodeCache();
    expect(cache.folder.startsWith(at)).toBe(true);
    chmodSync(cache.folder, 0o777);
    expect(() => new CodeCache()).toThrow(/others can write there.*shipCode\.cache/);
  });

  it('names the option if the folder cannot be made', () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    expect(() => new CodeCache(join(file, 'cache'))).toThrow(/cannot be stored in .*Set the backend's option shipCode\.cache/);
  });
});
