import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProcessBackend } from '../../../libs/flame/src/backends/process/process-backend.js';
import { TestBootRequest } from '../../support/test-boot-request.js';
import { LinkRecorder } from '../../support/link-recorder.js';
import { large, numbersOf } from '../../support/numbered-frames.js';
import { isAlive, until } from '../../support/process-table.js';
import { manifest, AttachRig } from '../../support/attach-rig.js';

beforeEach(() => void vi.stubEnv('FLAME_PORTABLE', '1'));
afterEach(() => void vi.unstubAllEnvs());

describe('Without Unix sockets and shared memory', () => {
  it('runners on this host attach over loopback with TLS, no file is made, and large values are passed', async () => {
    const base = mkdtempSync(join(tmpdir(), 't-'));
    vi.stubEnv('TMPDIR', base);
    const shared = (): string[] => readdirSync('/dev/shm').filter((name) => name.startsWith(`nestjs-flame-shm-${process.pid}-`));
    const rig = new AttachRig('host', { bind: '0.0.0.0', sharedMemoryFrom: 1_000 });
    const info = await rig.info();
    expect(info.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(info.certificate).toContain('BEGIN CERTIFICATE');
    const { parent, runner } = await rig.pair();
    const there = new LinkRecorder();
    runner.open(there);
    parent.send(large(1, 3_000_000));
    await there.first(1);
    expect(numbersOf(there.frames)).toEqual([1]);
    expect([readdirSync(base), shared()]).toEqual([[], []]);
    await rig.close();
    rmSync(base, { recursive: true, maxRetries: 5 });
  });

  it('no client attaches over loopback without a token', async () => {
    const rig = new AttachRig('host');
    const info = await rig.info();
    const attached = rig.expect(info);
    await expect(rig.dial({ ...info, token: 'guessed' })).rejects.toMatchObject({ code: 'FLAME_DENIED' });
    await rig.dial(info);
    expect((await attached).hello.manifest).toEqual(manifest);
    await rig.close();
  });
});

describe('Without process groups and signals', () => {
  const entry = join(import.meta.dirname, '../../support/programs/machine.mjs');

  it('processes that a runner started end with it when it is stopped', async () => {
    const backend = new ProcessBackend({ entry });
    const request = new TestBootRequest('breeds');
    const machine = await backend.boot(request);
    await until(() => request.text('stdout').length > 0);
    const pid = Number(request.text('stdout')[0]);
    expect(isAlive(pid)).toBe(true);
    await machine.stop(0);
    await until(() => !isAlive(pid));
    expect(await backend.machines()).toEqual([]);
    await backend.close();
  });

  it('a runner is not killed before its grace period has passed', async () => {
    const backend = new ProcessBackend({ entry });
    const request = new TestBootRequest('stubborn');
    const machine = await backend.boot(request);
    await until(() => request.text('stdout').includes('ready'));
    await machine.stop(300);
    expect(await machine.exited).toMatchObject({ how: 'stopped', signal: 'SIGKILL' });
    expect(request.text('stdout')).toEqual(['ready']);
    await backend.close();
  });
});
