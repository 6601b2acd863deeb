import { join } from 'node:path';
import type { Machine } from 'nestjs-flame';
import type { DockerBackend, DockerBackendOptions } from 'nestjs-flame/docker';
import { afterEach, describe, expect, it } from 'vitest';
import { TestBootRequest, testContext } from '../../support/test-boot-request.js';
import { containers, docker, expectNothingLeft } from './cli.js';
import { mounted } from './trial.js';

const program = join(import.meta.dirname, '../../support/programs/machine.mjs');

describe('DockerBackend on a real engine', () => {
  const backends: DockerBackend[] = [];
  afterEach(async () => {
    await Promise.all(backends.splice(0).map((backend) => backend.close()));
    await expectNothingLeft('suite=ends');
  });

  async function prepared(options: DockerBackendOptions = {}): Promise<DockerBackend> {
    const backend = mounted(program, { ...options, labels: { suite: 'ends', ...options.labels } });
    backends.push(backend);
    await backend.prepare(testContext);
    return backend;
  }

  async function refusal(backend: DockerBackend): Promise<Error> {
    return backend.boot(new TestBootRequest('polite')).then(
      ({ id }) => new Error(`it booted ${id}`),
      (error: Error) => error,
    );
  }

  async function boot(behaviour: string, options: DockerBackendOptions = {}): Promise<{ machine: Machine; request: TestBootRequest }> {
    const backend = await prepared(options);
    const request = new TestBootRequest(behaviour);
    const machine = await backend.boot(request);
    if (behaviour === 'polite' || behaviour === 'stubborn') await request.printed('ready');
    return { machine, request };
  }

  it('reports a container that was killed', async () => {
    const { machine } = await boot('polite');
    await docker('kill', machine.id);
    // By whom is told where the engine wrote it down in time.
    const text = expect.stringMatching(/^killed by SIGKILL(, sent from outside, for example with docker kill)?$/);
    expect(await machine.exited).toEqual({ how: 'signal', code: 137, signal: 'SIGKILL', text });
  });

  it('reports a container whose runner was killed inside of it', async () => {
    const { machine } = await boot('dies');
    expect(await machine.exited).toMatchObject({ how: 'signal', signal: 'SIGKILL', text: 'killed by SIGKILL' });
  });

  it('reports a container that ran out of memory, with its limit', async () => {
    const { machine } = await boot('fillsItsMemory', { memory: '64m' });
    expect(await machine.exited).toMatchObject({ how: 'oom', text: 'out of memory (limit 64 MiB)' });
  });

  it('distinguishes a full heap below the memory limit', async () => {
    const { machine } = await boot('fillsItsHeap', { env: { NODE_OPTIONS: '--max-old-space-size=32' } });
    expect(await machine.exited).toMatchObject({ how: 'oom', text: expect.stringContaining("V8's heap was full") });
  });

  it('reports a container that was stopped from outside', async () => {
    const { machine } = await boot('polite');
    await docker('stop', machine.id);
    expect(await machine.exited).toMatchObject({ how: 'stopped', code: 0, text: expect.stringContaining('from outside') });
  });

  it('reports a container that was removed from outside', async () => {
    const { machine } = await boot('polite');
    await docker('rm', '--force', machine.id);
    expect((await machine.exited).text).toMatch(/removed from outside|killed by SIGKILL/);
  });

  it('ends a paused container', async () => {
    const { machine } = await boot('polite');
    await docker('pause', machine.id);
    await machine.stop(0);
    expect(await machine.exited).toMatchObject({ how: 'stopped' });
  });

  it('sets limits, labels, variables and a host name that the engine and the runner see', async () => {
    const options = {
      memory: '256m',
      cpus: 0.5,
      labels: { team: 'video' },
      env: { A: '1' },
      inheritEnv: ['HOME'],
      runnerHostnameEnv: 'ME',
    };
    const { machine, request } = await boot('stubborn', options);
    const [found] = JSON.parse(await docker('inspect', machine.id)) as [
      { HostConfig: object; Config: { Labels: object; Hostname: string; Env: string[] } },
    ];
    expect(found.HostConfig).toMatchObject({ Memory: 268_435_456, NanoCpus: 500_000_000, Init: true });
    expect(found.Config.Labels).toMatchObject({ team: 'video', 'nestjs-flame.pool': 'stubborn', 'nestjs-flame.runner': request.runner });
    expect(found.Config.Hostname).toBe(request.runner);
    expect(found.Config.Env).toEqual(expect.arrayContaining(['A=1', `ME=${request.runner}`, `HOME=${process.env['HOME']}`]));
    expect(found.Config.Env.join()).not.toContain('DOCKER_HOST');
  });

  it('keeps ended containers if told to, and no others', async () => {
    const { machine } = await boot('prints', { keepRunners: true });
    await machine.exited;
    expect(await containers('suite=ends')).toEqual([machine.id]);
    expect(await docker('logs', machine.id)).toContain('two');
    await docker('rm', machine.id);
  });

  it('reads the output of a container whose log driver cannot be read', async () => {
    const { machine, request } = await boot('prints', { hostConfig: { LogConfig: { Type: 'none' } } });
    await machine.exited;
    expect(request.text('stdout')).toEqual(['one', 'two', '', 'thrée']);
  });

  it.each<[string, DockerBackendOptions, string, RegExp]>([
    ['image', { image: 'nope:1', pull: 'never' }, 'create', /^docker: the container could not be created: No such image: nope:1$/],
    [
      'command that nothing stands before',
      { cmd: ['nope'], hostConfig: { Init: false } },
      'start',
      /^docker: the container could not be started: .*exec: "nope": executable file not found/,
    ],
    ['folder to mount', { mounts: [{ Type: 'bind', Source: '/nope', Target: '/x' }] }, 'create', /bind source path does not exist: \/nope/],
  ])("fails for a %s that does not exist, with the engine's message, and leaves nothing", async (_, options, phase, words) => {
    const backend = await prepared(options);
    const error = await refusal(backend);
    expect(error).toMatchObject({ name: 'BootError', fatal: true, phase });
    expect(error.message).toMatch(words);
    expect(error.message).not.toMatch(/HTTP code/);
    await expectNothingLeft('suite=ends');
  });

  it('reports a command that does not exist, with the message of the init process', async () => {
    const { machine, request } = await boot('none', { cmd: ['nope'] });
    expect(await machine.exited).toMatchObject({ code: 127, fatal: true, text: 'exit code 127: its command is not in the image' });
    expect(request.text('stderr').join()).toContain('exec nope failed: No such file or directory');
  });

  it('fails for a network that was removed since the start', async () => {
    await docker('network', 'create', 'flame-short');
    const backend = await prepared({ network: 'flame-short' });
    await docker('network', 'rm', 'flame-short');
    expect(await refusal(backend)).toMatchObject({
      fatal: true,
      phase: 'start',
      message: 'docker: the container could not be started: network flame-short not found',
    });
  });

  it('does not start without its network or without an engine', async () => {
    await expect(prepared({ network: 'nope' })).rejects.toMatchObject({
      code: 'FLAME_CONFIG',
      message: expect.stringMatching(/^DockerBackend\.network is "nope", but the engine .* Create it with: docker network create nope$/),
    });
    await expect(prepared({ dockerSocketPath: '/nowhere.sock' })).rejects.toMatchObject({
      code: 'FLAME_CONFIG',
      message: expect.stringMatching(/^DockerBackend cannot reach a Docker Engine at \/nowhere\.sock: connect ENOENT .* Start it,/),
    });
  });

  it('cancels when the engine takes longer than bootTimeout', async () => {
    const backend = await prepared({ bootTimeout: 1 });
    expect(await refusal(backend)).toMatchObject({
      fatal: false,
      message: 'docker: the engine did not create and start a container within 1 ms',
    });
  });

  it('reports wrong settings before a boot', async () => {
    const backend = await prepared({ image: 'nope:1', pull: 'never' });
    expect(await backend.examine(new AbortController().signal)).toMatchObject([
      { name: 'engine', ok: true, message: expect.stringMatching(/^Docker Engine \d+\.\d+\S* at \S+, API \d\.\d+$/) },
      { name: 'rights', ok: true },
      {
        name: 'image',
        ok: false,
        message: "nope:1 does not exist there, and the option pull is 'never'",
        fix: expect.stringContaining('nope:1'),
      },
      { name: 'network', ok: true, message: expect.stringContaining('flame-test (bridge)') },
    ]);
  });
});
