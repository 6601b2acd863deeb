import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isAlive, parentOf, processesOf, until } from '../../support/process-table.js';
import { listens } from '../../support/ssh-server.js';
import type { SshServer } from '../../support/ssh-server.js';
import { backendOn, bootOn, program, serverFor } from './ssh-rig.js';

/** The port of the host that leads to the parent, as a runner was told it. */
function portOf(pid: number): number {
  const [, text] = /FLAME_PARENT=([^\0]*)/.exec(readFileSync(`/proc/${pid}/environ`, 'latin1'))!;
  return Number((JSON.parse(Buffer.from(text!, 'base64').toString()) as { address: string }).address.split(':')[1]);
}

/** The files of the supervisors of a server. */
function files(server: SshServer): string[] {
  return readdirSync(join(server.cache, 'nestjs-flame/ssh'));
}

/** A control group with this much memory, in bytes, which ends with the test. The kernel has one of two interfaces: see cgroups(7). */
function limitedGroup(memory: number): string {
  const first = existsSync('/sys/fs/cgroup/memory');
  const group = join(first ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup', `flame-ssh-${process.pid}`);
  mkdirSync(group);
  onTestFinished(() => rmdirSync(group));
  writeFileSync(join(group, first ? 'memory.limit_in_bytes' : 'memory.max'), String(memory));
  return group;
}

/** A command that leaves a process in the runner's group. */
const withChild = ['sh', '-c', `sleep 61.5 & exec ${process.execPath} ${program}`];
const childrenLeft = (): number[] => processesOf('sleep 61.5');

describe('SshBackend on a real sshd', () => {
  it('shows neither FLAME_PARENT nor the environment to other users of the host', async () => {
    const server = await serverFor();
    const { backend } = await backendOn([server.host()], { env: { SECRET: 'distinctive-secret' } });
    const { request, pid } = await bootOn(backend, 'polite');
    const nobody = { uid: 65_534, gid: 65_534, encoding: 'utf8' } as const;
    const seen = execFileSync('ps', ['axewwww', '-o', 'pid,args'], nobody);
    expect(seen).toMatch(new RegExp(`^ *${pid} .*machine\\.mjs`, 'm'));
    expect(seen).toContain('nestjs-flame-supervisor parent-1');
    const flameParent = await request.flameParent({ more: { lifeline: 3 } });
    for (const secret of ['distinctive-secret', flameParent.slice(0, 30)]) expect(seen).not.toContain(secret);
    for (const each of [pid, parentOf(pid)])
      expect(() => execFileSync('cat', [`/proc/${each}/environ`], { ...nobody, stdio: 'pipe' })).toThrow('Permission denied');
    // Nor do the files on the host's disk.
    const folder = join(server.cache, 'nestjs-flame/ssh');
    for (const file of files(server).filter((name) => name.endsWith('.json')))
      expect(readFileSync(join(folder, file), 'utf8')).not.toMatch(/distinctive-secret|FLAME_PARENT/);
    expect(() => execFileSync('ls', [folder], { ...nobody, stdio: 'pipe' })).toThrow('Permission denied');
  });

  it('adds its variables to those of the login, without those of the connection', async () => {
    const server = await serverFor({ env: { OF_THE_HOST: '1' } });
    const { backend } = await backendOn([server.host()], { env: { MINE: '2' }, cwd: '/usr' });
    const { machine, request } = await bootOn(backend, 'tells');
    await machine.exited;
    const { env, cwd, info } = JSON.parse(request.text('stdout')[0]!) as { env: Record<string, string>; cwd: string; info: object };
    expect(env).toMatchObject({ OF_THE_HOST: '1', MINE: '2', HOME: expect.any(String) });
    expect(Object.keys(env).filter((name) => name.startsWith('SSH_'))).toEqual([]);
    expect({ cwd, info }).toMatchObject({ cwd: '/usr', info: { lifeline: 3, address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) } });
  });

  it('ends the processes that a runner started, when it is stopped and when it ends by itself', async () => {
    const server = await serverFor();
    const { backend } = await backendOn([server.host()], { command: withChild });
    const { machine } = await bootOn(backend, 'polite');
    expect(childrenLeft()).toHaveLength(1);
    await machine.stop(5_000);
    expect(await machine.exited).toMatchObject({ how: 'stopped', code: 0 });
    expect(childrenLeft()).toEqual([]);
    const { machine: other } = await bootOn(backend, 'exits');
    expect(await other.exited).toEqual({ how: 'exit', code: 7, text: 'exit code 7' });
    expect(childrenLeft()).toEqual([]);
  });

  it('distinguishes a full heap', async () => {
    const server = await serverFor();
    const { backend } = await backendOn([server.host()], { env: { NODE_OPTIONS: '--max-old-space-size=32' } });
    const { machine } = await bootOn(backend, 'fillsItsHeap');
    expect(await machine.exited).toMatchObject({ how: 'oom', text: expect.stringContaining("V8's heap was full") });
  });

  it('reports a runner that the kernel killed for lack of memory, and no other SIGKILL', async () => {
    const group = limitedGroup(96 * 1024 * 1024);
    const server = await serverFor();
    const enter = ['sh', '-c', `echo $$ >${group}/cgroup.procs && exec ${process.execPath} ${program}`];
    const { backend } = await backendOn([server.host({ user: 'root' })], { command: enter });
    const { machine } = await bootOn(backend, 'fillsItsMemory');
    expect(await machine.exited).toEqual({
      how: 'oom',
      signal: 'SIGKILL',
      text: `killed by SIGKILL, probably out of memory: the kernel of 127.0.0.1:${server.port} has just killed a process for that`,
    });
    // Its two last looks at the kernel's count are a second apart.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const { machine: other } = await bootOn(backend, 'dies');
    expect(await other.exited).toEqual({ how: 'signal', signal: 'SIGKILL', text: 'killed by SIGKILL' });
  });

  it('runs more runners over one connection than sshd allows sessions', async () => {
    const server = await serverFor({ config: ['MaxSessions 1'] });
    const { backend } = await backendOn([server.host({ max: 12 })]);
    const all = await Promise.all(Array.from({ length: 12 }, () => bootOn(backend, 'polite')));
    expect(server.log.filter((line) => line.includes('Accepted publickey'))).toHaveLength(1);
    expect(new Set(all.map(({ pid }) => parentOf(pid))).size).toBe(1);
    await Promise.all(all.map(({ machine }) => machine.stop(0)));
  });

  it('closes the connection when nothing has run for a while, and leaves nothing on the host', async () => {
    const server = await serverFor();
    const { backend } = await backendOn([server.host()]);
    const { machine, pid } = await bootOn(backend, 'polite');
    const supervisor = parentOf(pid);
    expect(files(server).sort()).toEqual(['parent-1.json', 'parent-1.sock']);
    await machine.stop(0);
    await until(() => !isAlive(supervisor));
    expect(files(server)).toEqual([]);
  });
});

describe('When the connection to a host breaks', () => {
  it('runners live on, and the backend finds them again with their output and their end', async () => {
    const server = await serverFor();
    const { backend, warnings } = await backendOn([server.host()]);
    const [one, two] = await Promise.all([bootOn(backend, 'stubborn'), bootOn(backend, 'polite')]);
    const supervisor = parentOf(one.pid);
    const port = portOf(one.pid);
    await server.stop();
    process.kill(parentOf(supervisor), 'SIGKILL');
    await until(() => warnings.length > 0);
    expect(warnings[0]).toMatch(/^ssh: the connection to 127\.0\.0\.1:\d+ was lost \(.*\); trying to restore it$/);
    process.kill(one.pid, 'SIGTERM');
    process.kill(two.pid, 'SIGTERM');
    await until(() => !isAlive(two.pid));
    expect(isAlive(one.pid)).toBe(true);
    const stopping = one.machine.stop(60_000);
    await server.start();
    expect(await two.machine.exited).toEqual({ how: 'exit', code: 0, text: 'exit code 0' });
    await one.request.printed('I stay');
    expect(parentOf(one.pid)).toBe(supervisor);
    // It leads to the parent again.
    await until(() => listens(port));
    await one.machine.stop(0);
    await stopping;
    expect(await one.machine.exited).toMatchObject({ how: 'stopped', signal: 'SIGKILL' });
  });

  it('runners end by themselves if the parent does not come back', async () => {
    const server = await serverFor();
    const { backend } = await backendOn([server.host()], { requestTimeout: 3_000, command: withChild });
    const { machine, pid } = await bootOn(backend, 'polite');
    const supervisor = parentOf(pid);
    await server.stop();
    process.kill(parentOf(supervisor), 'SIGKILL');
    // As the app does when its session is not resumed.
    process.kill(pid, 'SIGTERM');
    await until(() => !isAlive(supervisor));
    expect(childrenLeft()).toEqual([]);
    expect(files(server)).toEqual([]);
    await machine.stop(0);
    expect(await machine.exited).toMatchObject({ how: 'vanished', text: `its host 127.0.0.1:${server.port} does not answer` });
    await server.start();
  });

  it('and the supervisor was killed, its runners end and are reported as vanished', async () => {
    const server = await serverFor();
    const { backend } = await backendOn([server.host()], { command: withChild });
    const { machine, pid } = await bootOn(backend, 'stubborn');
    process.kill(parentOf(pid), 'SIGKILL');
    expect(await machine.exited).toEqual({
      how: 'vanished',
      text: `it is gone from 127.0.0.1:${server.port}: the process that started it there (supervisor) was killed, or the host was restarted`,
    });
    expect([isAlive(pid), childrenLeft()]).toEqual([false, []]);
    expect(await backend.machines()).toEqual([]);
  });
});

describe('SshBackend.reap', () => {
  it('ends runners whose supervisor was killed, and leaves alone those of other parents and other processes', async () => {
    const server = await serverFor();
    const { backend: dead } = await backendOn([server.host()], { command: withChild, requestTimeout: 3_000 }, 'dead');
    const { backend: living } = await backendOn([server.host()], {}, 'living');
    const left = await bootOn(dead, 'stubborn');
    const other = await bootOn(living, 'polite');
    const supervisor = parentOf(left.pid);
    // The parent is gone first: nobody restores the connection.
    await server.stop();
    process.kill(parentOf(supervisor), 'SIGKILL');
    process.kill(supervisor, 'SIGKILL');
    await dead.close();
    await server.start();
    expect([isAlive(left.pid), childrenLeft().length]).toEqual([true, 1]);
    // A process that has got the id of a runner is another one by its start time.
    const folder = join(server.cache, 'nestjs-flame/ssh');
    const written = JSON.parse(readFileSync(join(folder, 'dead.json'), 'utf8')) as { runners: { pid: number; start: string }[] };
    const reused = { ...written, runners: [{ ...written.runners[0]!, pid: other.pid }] };
    writeFileSync(join(folder, 'reused.json'), JSON.stringify(reused));

    const { backend: next } = await backendOn([server.host()], {}, 'next');
    expect(await next.reap()).toBe(1);
    expect([isAlive(left.pid), childrenLeft()]).toEqual([false, []]);
    expect(isAlive(other.pid)).toBe(true);
    expect(files(server).filter((name) => /dead|reused/.test(name))).toEqual([]);
    expect(await next.reap()).toBe(0);
    await other.machine.stop(5_000);
    expect(await other.machine.exited).toMatchObject({ how: 'stopped', code: 0 });
  });

  it('warns of a host that cannot be looked at, and goes on', async () => {
    const [server, down] = await Promise.all([serverFor(), serverFor()]);
    await down.stop();
    const { backend, warnings } = await backendOn([down.host(), server.host()]);
    expect(await backend.reap()).toBe(0);
    expect(warnings).toEqual([expect.stringMatching(/^ssh: looking for runners of dead parents failed\. 127\.0\.0\.1:\d+: no SSH server/)]);
    expect(existsSync(join(server.cache, 'nestjs-flame/ssh/parent-1.json'))).toBe(true);
  });
});
