import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { isAlive, until } from '../../../../../test/support/process-table.js';
import { joinShared, SharedMemory } from './shared-memory.js';
import type { SharedFiles, SharedMemoryInfo } from './shared-memory.js';
import { Violation } from '../protocol/protobuf.js';

const MiB = 1024 * 1024;

describe('SharedMemory', () => {
  let memory: SharedMemory;
  let info: SharedMemoryInfo;
  let parent: SharedFiles;

  beforeEach(() => {
    memory = new SharedMemory(32_768);
    ({ info, files: parent } = memory.open()!);
  });

  afterEach(() => memory.close());

  it('keeps files of this user alone in a folder of this user alone', () => {
    expect(lstatSync(dirname(info.path)).mode & 0o777).toBe(0o700);
    for (const end of ['down', 'up']) expect(lstatSync(`${info.path}.${end}`).mode & 0o777).toBe(0o600);
  });

  it('passes values both ways, and removes the names once the runner has joined', () => {
    const runner = joinShared(info)!;
    expect(readdirSync(dirname(info.path))).toEqual([]);
    const down = Buffer.alloc(MiB, 'down');
    const up = Buffer.alloc(3 * MiB, 'up');
    expect(runner.incoming.read(parent.outgoing.put(down)!).equals(down)).toBe(true);
    expect(parent.incoming.read(runner.outgoing.put(up)!).equals(up)).toBe(true);
  });

  it('has no space for a value until earlier ones are confirmed, and all of it afterwards', () => {
    const half = Buffer.alloc(info.size / 2, 1);
    const ring = parent.outgoing;
    expect([ring.put(half)?.at, ring.put(half)?.at, ring.put(half)?.at]).toEqual([0, info.size / 2, undefined]);
    ring.seal(7, 2);
    ring.confirmed(6);
    expect(ring.put(half)).toBeUndefined();
    ring.confirmed(7);
    expect(ring.put(half)?.at).toBe(0);
  });

  it('wraps around: space that is confirmed first is free first', () => {
    const ring = parent.outgoing;
    const third = Buffer.alloc(20 * MiB, 1);
    for (const seq of [1, 2, 3]) {
      expect(ring.put(third)).toBeDefined();
      ring.seal(seq, 1);
    }
    expect(ring.put(third)).toBeUndefined();
    ring.confirmed(1);
    expect(ring.put(Buffer.alloc(19 * MiB))).toEqual({ at: 0, length: 19 * MiB });
    expect(ring.put(third)).toBeUndefined();
  });

  it('shrinks a file to nothing when it was large and is empty', () => {
    const ring = parent.outgoing;
    ring.put(Buffer.alloc(20 * MiB, 1));
    ring.seal(1, 1);
    expect(lstatSync(`${info.path}.down`).size).toBe(20 * MiB);
    ring.confirmed(1);
    expect(lstatSync(`${info.path}.down`).size).toBe(0);
  });

  it('treats missing regions as a violation', () => {
    const region = joinShared(info)!.outgoing.put(Buffer.alloc(MiB))!;
    expect(() => parent.incoming.read({ at: info.size, length: 1 })).toThrow(Violation);
    expect(() => parent.incoming.read({ ...region, length: MiB + 1 })).toThrow(Violation);
  });

  it('treats a truncated file as a violation', () => {
    const other = memory.open()!;
    writeFileSync(`${other.info.path}.up`, Buffer.alloc(MiB));
    truncateSync(`${other.info.path}.up`, 10);
    expect(() => other.files.incoming.read({ at: 0, length: MiB })).toThrow(/only 10/);
  });

  it('does not join links, pipes or missing files', () => {
    const other = memory.open()!.info;
    rmSync(`${other.path}.up`);
    symlinkSync('/etc/passwd', `${other.path}.up`);
    expect(joinShared(other)).toBeUndefined();
    rmSync(`${other.path}.up`);
    execFileSync('mkfifo', [`${other.path}.up`]);
    expect(joinShared(other)).toBeUndefined();
    expect(joinShared({ ...other, path: `${other.path}-else` })).toBeUndefined();
  });

  it('creates its folder again when it was removed', () => {
    rmSync(dirname(info.path), { recursive: true });
    const again = memory.open()!;
    expect(dirname(again.info.path)).not.toBe(dirname(info.path));
    expect(joinShared(again.info)).toBeDefined();
  });

  it('removes the folder of a parent that is a zombie', async () => {
    // What takes the shell's place never waits for what the shell had started.
    const shell = spawn('sh', ['-c', 'cat <&3 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
    onTestFinished(() => void shell.kill('SIGKILL'));
    const [pid] = (await once(shell.stdout!, 'data')) as [Buffer];
    await until(() => readFileSync(`/proc/${shell.pid}/comm`, 'utf8') === 'sleep\n');
    (shell.stdio[3] as Writable).end();
    await until(() => !isAlive(Number(pid)));
    expect(process.kill(Number(pid), 0)).toBe(true);
    const orphan = dirname(info.path).replace(String(process.pid), String(pid).trim());
    execFileSync('mkdir', ['-m', '700', orphan]);
    utimesSync(orphan, 0, 0);
    const other = new SharedMemory(1);
    other.open();
    other.close();
    expect(existsSync(orphan)).toBe(false);
  });

  it('removes its folder at the end, and those of parents that are gone', () => {
    const folder = dirname(info.path);
    const dead = execFileSync(process.execPath, ['-p', 'process.pid']).toString().trim();
    const orphan = folder.replace(String(process.pid), dead);
    execFileSync('mkdir', ['-m', '700', orphan]);
    utimesSync(orphan, 0, 0);
    const other = new SharedMemory(1);
    other.open();
    expect([existsSync(orphan), existsSync(folder)]).toEqual([false, true]);
    other.close();
    memory.close();
    expect(existsSync(folder)).toBe(false);
  });
});
