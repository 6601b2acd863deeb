import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Machine } from 'nestjs-flame';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../support/free-port.js';
import { until } from '../../support/process-table.js';
import { sshUser } from '../../support/ssh-server.js';
import { tool } from '../../support/tool.js';
import { backendOn, bootOn, refusalOf, serverFor } from './ssh-rig.js';

describe('A host that SshBackend cannot use', () => {
  it('with another key than the pinned one is refused with the fingerprint that it presents', async () => {
    const [server, other] = await Promise.all([serverFor(), serverFor()]);
    const { backend } = await backendOn([server.host({ hostKey: other.fingerprint })]);
    const error = await refusalOf(backend);
    expect(error).toMatchObject({ name: 'BootError', fatal: true, phase: 'create' });
    expect(error.message).toContain(
      `it presents the host key ${server.fingerprint} (ssh-ed25519), but the option hostKey is ${other.fingerprint}`,
    );
    expect(error.message).toContain(`If it prints the same key, set hostKey: '${server.fingerprint}'`);
    expect(server.log.join('\n')).not.toContain('Accepted');
  });

  it('is used with its public key, and with one of several keys', async () => {
    const [server, other] = await Promise.all([serverFor(), serverFor()]);
    const { backend } = await backendOn([server.host({ hostKey: [other.hostKey, server.hostKey] })]);
    await (await bootOn(backend, 'polite')).machine.stop(0);
  });

  it('refuses the login: the error names the user, and shows no key', async () => {
    const [server, other] = await Promise.all([serverFor(), serverFor()]);
    const { backend } = await backendOn([server.host({ privateKey: other.privateKey })]);
    const error = await refusalOf(backend);
    expect(error).toMatchObject({ fatal: true });
    expect(error.message).toMatch(
      new RegExp(`it refuses the login of ${sshUser}\\. Add the public key to ~${sshUser}/\\.ssh/authorized_keys`),
    );
    expect(error.message).not.toContain('PRIVATE KEY');
  });

  it('is used with a key that only an SSH agent has', async () => {
    const server = await serverFor();
    const folder = mkdtempSync(join(tmpdir(), 'flame-agent-'));
    const agent = join(folder, 'agent');
    const running = spawn('ssh-agent', ['-D', '-a', agent], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => {
      running.kill();
      rmSync(folder, { recursive: true, maxRetries: 5 });
    });
    const { privateKey: _, ...host } = server.host();
    const { backend } = await backendOn([{ ...host, agent }]);
    await until(() => existsSync(agent));
    const refused = await refusalOf(backend);
    expect(refused.message).toContain(`it refuses the login of ${sshUser}`);
    execFileSync('ssh-add', ['-q', server.keyFile], { env: { ...process.env, SSH_AUTH_SOCK: agent } });
    await (await bootOn(backend, 'polite')).machine.stop(0);
  });

  it('has no Node', async () => {
    const server = await serverFor();
    const { backend } = await backendOn([server.host()], { node: '/opt/nothing/node' });
    const error = await refusalOf(backend);
    expect(error).toMatchObject({ fatal: true });
    expect(error.message).toMatch(
      /this user cannot start Node there with the command \/opt\/nothing\/node: .*(?:not found|No such file or directory)\. Install Node 20\.19 or later, or set the option node/,
    );
  });

  it('has a Node that is too old', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flame-old-node-'));
    onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }));
    chmodSync(folder, 0o755);
    const node = join(folder, 'node');
    copyFileSync(join(tool('node@18'), 'node'), node);
    const server = await serverFor();
    const { backend } = await backendOn([server.host()], { node });
    const error = await refusalOf(backend);
    expect(error).toMatchObject({ fatal: true });
    expect(error.message).toMatch(/its Node \(\S+\) is 18\.\d+\.\d+, but runners need 20\.19 or later/);
  });

  it('has a full disk', async () => {
    const cache = mkdtempSync(join(tmpdir(), 'flame-full-'));
    onTestFinished(() => rmSync(cache, { recursive: true, maxRetries: 5 }));
    chmodSync(cache, 0o777);
    // Its own mount, which ends with the server. The folders exist, and not a byte more fits.
    const full = `mount -t tmpfs -o size=64k,mode=1777 tmpfs ${cache} && mkdir -pm 777 ${cache}/nestjs-flame/ssh && { cat /dev/zero >${cache}/all 2>/dev/null; exec "$@"; }`;
    const server = await serverFor({ cache, at: ['unshare', '--mount', 'sh', '-c', full, 'sh'] });
    const { backend } = await backendOn([server.host({ user: 'root' })]);
    const error = await refusalOf(backend);
    expect(error.message).toMatch(/its disk is full \(ENOSPC.*\)\. Free space in the user's ~\/\.cache\/nestjs-flame/);
    expect(error).toMatchObject({ fatal: false });
  });

  it.each([
    ['its sshd', { config: ['AllowTcpForwarding no'] }],
    ["the key's line in authorized_keys", { restrict: 'restrict' }],
  ])('forbids forwarding in %s', async (_, options) => {
    const server = await serverFor(options);
    const { backend } = await backendOn([server.host()]);
    const error = await refusalOf(backend);
    expect(error).toMatchObject({ fatal: true });
    expect(error.message).toMatch(
      /it refuses the port forwarding through which runners reach this process .* Set AllowTcpForwarding yes in its sshd_config, and remove restrict/,
    );
  });

  it('forces another command', async () => {
    const server = await serverFor({ restrict: 'command="echo backups only >&2; exit 3"' });
    const { backend } = await backendOn([server.host()]);
    expect((await refusalOf(backend)).message).toMatch(
      /the process that starts its runners \(supervisor\) ended at once \(exit code 3\): backups only\. Check that/,
    );
  });

  it('has not the command, or not its folder', async () => {
    const server = await serverFor();
    for (const options of [{ command: ['/srv/nothing/node'] }, { cwd: '/srv/nothing' }]) {
      const { backend } = await backendOn([server.host()], options, Object.keys(options)[0]);
      const error = await refusalOf(backend);
      expect(error).toMatchObject({ fatal: true });
      expect(error.message).toMatch(/cannot be started: spawn \S+ ENOENT\. Correct the options command and cwd/);
      expect(await backend.machines()).toEqual([]);
    }
  });

  it('prints a greeting before the supervisor says hello', async () => {
    const server = await serverFor({ restrict: 'command="echo Welcome to {}; eval \\"$SSH_ORIGINAL_COMMAND\\""' });
    const { backend } = await backendOn([server.host()]);
    await (await bootOn(backend, 'polite')).machine.stop(0);
  });
});

describe('Several hosts', () => {
  it('share runners by their places', async () => {
    const [small, large] = await Promise.all([serverFor(), serverFor()]);
    const { backend } = await backendOn([small.host({ max: 1 }), large.host({ max: 3 })]);
    const machines: Machine[] = [];
    for (let i = 0; i < 4; i++) machines.push((await bootOn(backend, 'polite')).machine);
    const on = (port: number): number => machines.filter(({ id }) => id.startsWith(`127.0.0.1:${port} `)).length;
    expect([on(small.port), on(large.port)]).toEqual([1, 3]);
    const error = await refusalOf(backend);
    expect(error).toMatchObject({ fatal: false });
    expect(error.message).toBe(
      `ssh: each host has as many runners as its max allows: 127.0.0.1:${small.port} (1 of 1), 127.0.0.1:${large.port} (3 of 3). Raise max, or add a host`,
    );
    await machines[0]!.stop(0);
    await (await bootOn(backend, 'polite')).machine.stop(0);
  });

  it('go on when one is down, which is tried again when it is back', async () => {
    const [down, up] = await Promise.all([serverFor(), serverFor()]);
    await down.stop();
    const { backend } = await backendOn([down.host({ max: 2 }), up.host({ max: 2 })]);
    const machines = await Promise.all([bootOn(backend, 'polite'), bootOn(backend, 'polite')]);
    expect(machines.every(({ machine }) => machine.id.startsWith(`127.0.0.1:${up.port} `))).toBe(true);
    const error = await refusalOf(backend);
    expect(error.message).toMatch(
      new RegExp(
        `no host can start a runner\\. 127\\.0\\.0\\.1:${down.port}: no SSH server listens at this port\\..* the other hosts have as many runners as their max allows: 127\\.0\\.0\\.1:${up.port} \\(2 of 2\\)`,
      ),
    );
    await down.start();
    const { machine } = await bootOn(backend, 'polite');
    expect(machine.id).toContain(`127.0.0.1:${down.port} `);
  });

  it('are all named when all are down', async () => {
    const server = await serverFor();
    const port = await freePort();
    const { backend } = await backendOn([server.host({ port }), server.host({ hostKey: `SHA256:${'A'.repeat(43)}` })]);
    const error = await refusalOf(backend);
    expect(error).toMatchObject({ fatal: false, phase: 'create' });
    expect(error.message).toContain(`127.0.0.1:${port}: no SSH server listens at this port. Start sshd there, or correct the option port.`);
    expect(error.message).toContain(`127.0.0.1:${server.port}: it presents the host key ${server.fingerprint}`);
  });
});

describe('SshBackend.examine', () => {
  it('names each host that has a problem, with the fix', async () => {
    const [good, bad] = await Promise.all([serverFor(), serverFor({ config: ['AllowTcpForwarding no'] })]);
    const port = await freePort();
    const { backend } = await backendOn([good.host(), bad.host(), good.host({ port })]);
    const checks = await backend.examine(new AbortController().signal);
    expect(checks).toMatchObject([
      {
        name: 'engine',
        ok: false,
        message: `127.0.0.1:${port}: no SSH server listens at this port`,
        fix: expect.stringContaining('Start sshd'),
      },
      { name: 'image', ok: true, message: expect.stringContaining(`127.0.0.1:${good.port}: Node ${process.versions.node}`) },
      { name: 'disk', ok: true, message: expect.stringMatching(/\d+ MiB free in \S+nestjs-flame\/ssh/) },
      {
        name: 'network',
        ok: false,
        message: expect.stringContaining(`127.0.0.1:${bad.port}: it refuses the port forwarding`),
        fix: expect.stringContaining('AllowTcpForwarding'),
      },
    ]);
  });
});
