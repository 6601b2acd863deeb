import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { TestBootRequest, testContext } from '../../../../../test/support/test-boot-request.js';
import { childrenOf, isAlive } from '../../../../../test/support/process-table.js';
import { ProcessBackend } from './process-backend.js';
import type { ProcessBackendOptions } from './process-options.js';

const entry = join(__dirname, '../../../../../test/support/programs/machine.mjs');

describe('ProcessBackend', () => {
  const made: ProcessBackend[] = [];
  afterEach(() => Promise.all(made.splice(0).map((backend) => backend.close())));

  function processBackend(options: ProcessBackendOptions = {}): ProcessBackend {
    const backend = new ProcessBackend({ entry, ...options });
    made.push(backend);
    return backend;
  }

  async function told(
    options: ProcessBackendOptions,
  ): Promise<{ info: object; env: Record<string, string>; argv: string[]; execArgv: string[]; cwd: string }> {
    const request = new TestBootRequest('tells');
    await (
      await processBackend(options).boot(request)
    ).exited;
    return JSON.parse(request.text('stdout')[0]!);
  }

  it('starts the entry with its arguments, flags and folder, and a lifeline', async () => {
    const cwd = tmpdir();
    const seen = await told({ args: ['--quiet', 'two words'], execArgv: ['--no-warnings'], cwd });
    expect(seen).toMatchObject({ argv: [entry, '--quiet', 'two words'], execArgv: ['--no-warnings'], cwd, info: { lifeline: 3 } });
  });

  it('names a folder that does not exist, its own included', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'flame-folder-'));
    const [given, inherited] = [processBackend({ cwd }), processBackend()];
    rmSync(cwd, { recursive: true });
    const boot = (backend: ProcessBackend): Promise<unknown> => backend.boot(new TestBootRequest('tells'));
    await expect(boot(given)).rejects.toMatchObject({
      phase: 'create',
      fatal: true,
      message: expect.stringContaining(`cwd is ${cwd}, and`),
    });
    const own = vi.spyOn(process, 'cwd').mockReturnValue(cwd);
    onTestFinished(() => own.mockRestore());
    await expect(boot(inherited)).rejects.toThrow(`the folder of this process (process.cwd(), ${cwd}) was removed. Restart the app`);
  });

  it('passes the environment of runnerEnv to the runner', async () => {
    process.env.FLAME_TEST_SECRET = 'hunter2';
    try {
      expect((await told({ env: { MINE: '1' } })).env).toMatchObject({ FLAME_TEST_SECRET: 'hunter2', MINE: '1' });
      const { env } = await told({ inheritEnv: 'none', env: { MINE: '1' } });
      expect(env.MINE).toBe('1');
      expect(env.FLAME_TEST_SECRET).toBeUndefined();
      expect(env.PATH).toBeUndefined();
    } finally {
      delete process.env.FLAME_TEST_SECRET;
    }
  });

  it('acts as LocalBackend in a test without entry, and logs it once', async () => {
    const backend = new ProcessBackend();
    expect(backend.reach).toBe('memory');
    const said: string[] = [];
    const log = { ...testContext.log, log: (text: string): void => void said.push(text) };
    await backend.prepare({ ...testContext, log });
    await backend.prepare({ ...testContext, log });
    expect(said).toEqual([expect.stringContaining('ProcessBackend acts as LocalBackend: a test runner started this process')]);
    const machine = { id: 'in-process' };
    const request = Object.assign(new TestBootRequest('polite'), { inProcess: async () => machine });
    expect(await backend.boot(request)).toBe(machine);
    expect(await backend.machines()).toEqual([]);
    expect(await backend.examine()).toEqual([expect.objectContaining({ ok: true, message: expect.stringContaining('this process') })]);
  });

  it('refuses at start an entry that does not exist', async () => {
    await expect(new ProcessBackend({ entry: 'nowhere.js' }).prepare(testContext)).rejects.toMatchObject({
      code: 'FLAME_CONFIG',
    });
  });

  it('fails a boot fatally if its working folder does not exist', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'flame-cwd-'));
    const backend = processBackend({ cwd });
    rmSync(cwd, { recursive: true });
    await expect(backend.boot(new TestBootRequest('polite'))).rejects.toMatchObject({ name: 'BootError', phase: 'create', fatal: true });
  });

  it('fails a boot fatally if its environment is too large', async () => {
    const backend = processBackend({ env: { LARGE: 'x'.repeat(4_000_000) } });
    await expect(backend.boot(new TestBootRequest('polite'))).rejects.toMatchObject({ name: 'BootError', phase: 'create', fatal: true });
  });

  it('ends a process whose boot was cancelled while it started', async () => {
    const request = new TestBootRequest('stubborn');
    const { flameParent } = request;
    const abandoned = Object.assign(request, {
      flameParent: () => {
        // Before the 'spawn' event, which comes a tick after the process.
        process.nextTick(() => request.abort());
        return flameParent();
      },
    });
    const before = childrenOf(process.pid);
    await expect(processBackend().boot(abandoned)).rejects.toThrow('the boot was abandoned');
    expect(childrenOf(process.pid)).toEqual(before);
  });

  it('distinguishes a full heap from other ends', async () => {
    const request = new TestBootRequest('fillsItsHeap');
    const machine = await processBackend({ execArgv: ['--max-old-space-size=16'] }).boot(request);
    expect(await machine.exited).toMatchObject({ how: 'oom', signal: 'SIGABRT' });
  });

  it('does not wait for detached processes of a runner, and does not end them', async () => {
    const request = new TestBootRequest('detaches');
    const machine = await processBackend().boot(request);
    expect(await machine.exited).toMatchObject({ how: 'exit', code: 0 });
    const [pid, unfinished] = request.text('stdout');
    expect(unfinished).toBe('unfinished');
    expect(isAlive(Number(pid))).toBe(true);
    process.kill(Number(pid), 'SIGKILL');
  });

  it('listens for the end of this process only while it has machines', async () => {
    const before = process.listenerCount('exit');
    const backend = processBackend();
    const machines = await Promise.all([backend.boot(new TestBootRequest('polite')), backend.boot(new TestBootRequest('polite'))]);
    expect(process.listenerCount('exit')).toBe(before + 1);
    await Promise.all(machines.map((machine) => machine.stop(0)));
    expect(process.listenerCount('exit')).toBe(before);
  });

  it('hides the environment of runners from inspection', () => {
    expect(inspect(processBackend({ env: { KEY: 'hunter2' } }), { depth: Infinity, showHidden: true })).not.toContain('hunter2');
  });
});
