import { execFileSync } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RingWriter } from '../../libs/flame/src/transport/session/shared-ring.js';
import { until } from '../support/process-table.js';
import { SpawnedApp } from '../support/spawned-app.js';

const MiB = 1024 * 1024;
/** Docker's and Kubernetes' default, in a mount namespace of the app's own, which takes root. */
const small = [
  ...['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c'],
  'mount -t tmpfs -o size=64m tmpfs /dev/shm && exec "$@"',
  'sh',
];

interface Answer {
  right: boolean;
  used: number;
  rings: number;
}

/** An app with three runners. */
async function start(): Promise<{ app: SpawnedApp; shm: string; call: (calls: number, there: number, back: number) => Promise<Answer> }> {
  const app = new SpawnedApp('large-values/main.js', {}, 'pipe', small);
  await app.line(/^is up/);
  const call = async (...numbers: number[]): Promise<Answer> => {
    const from = app.lines.length;
    app.process.stdin!.write(`${numbers.join(' ')}\n`);
    return JSON.parse((await app.line(/^answer (.*)/, from))[1]!) as Answer;
  };
  return { app, shm: `/proc/${app.pid}/root/dev/shm`, call };
}

function used(folder: string): number {
  const { bsize, blocks, bfree } = statfsSync(folder);
  return ((blocks - bfree) * bsize) / MiB;
}

const warnings = (app: SpawnedApp): number => app.lines.filter((line) => line.includes('shared memory is too small')).length;

describe('Large values in a /dev/shm of 64 MB', () => {
  it('leave half of it free, in any direction and with any number of runners, and all of it when none are sent', async () => {
    const { app, shm, call } = await start();
    expect((await call(1, 0, 15)).used).toBeGreaterThanOrEqual(15);
    for (const [there, back] of [
      [0, 15],
      [0, 15],
      [15, 0],
      [4, 11],
    ] as const) {
      const answer = await call(3, there, back);
      expect(answer).toMatchObject({ right: true, rings: 6 });
      expect(answer.used).toBeLessThanOrEqual(32);
    }
    await until(() => used(shm) === 0);
    expect(warnings(app)).toBe(1);
  });

  it('use the stream while others fill it, and shared memory again afterwards', async () => {
    const { app, shm, call } = await start();
    expect((await call(1, 0, 15)).used).toBeGreaterThanOrEqual(15);
    await until(() => used(shm) === 0);
    writeFileSync(`${shm}/of-others`, Buffer.alloc(63 * MiB));
    for (let round = 0; round < 3; round++) expect(await call(3, 3, 3)).toEqual({ right: true, used: 63, rings: 6 });
    await app.line(
      /WARN.*shared memory is too small.*\/dev\/shm has 64 MiB, of which 1 MiB are free.*--shm-size=1g.*shm_size: 1g.*medium: Memory/,
    );
    rmSync(`${shm}/of-others`);
    await until(async () => (await call(1, 0, 15)).used >= 15);
    await until(() => used(shm) === 0);
    await until(async () => (await call(1, 15, 0)).used >= 15);
    await until(() => used(shm) === 0);
    expect(warnings(app)).toBe(1);
  });
});

describe('RingWriter', () => {
  it('does not change its file when the system runs out of memory while a value is written', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ring-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder]);
    const fd = openSync(join(folder, 'ring'), 'w+');
    onTestFinished(() => {
      closeSync(fd);
      execFileSync('umount', [folder]);
      rmSync(folder, { recursive: true, maxRetries: 5 });
    });
    // It is told of more room than there is.
    const ring = new RingWriter(fd, 64 * MiB, 1);
    expect(ring.put(Buffer.alloc(3 * MiB))?.at).toBe(0);
    expect(ring.put(Buffer.alloc(10 * MiB))).toBeUndefined();
    expect([fstatSync(fd).size / MiB, Math.floor(used(folder))]).toEqual([3, 3]);
    ring.growAgain();
    expect(ring.put(Buffer.alloc(4 * MiB))?.at).toBe(3 * MiB);
  });
});
