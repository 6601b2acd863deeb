import { inspect } from 'node:util';
import { BootError } from 'nestjs-flame';
import { FlyBackend } from 'nestjs-flame/fly';
import type { Machine } from 'nestjs-flame';
import type { FlyBackendOptions } from 'nestjs-flame/fly';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestBootRequest, testContext } from '../../support/test-boot-request.js';
import { until } from '../../support/process-table.js';
import { FlyStandIn } from './stand-in.js';
import { StandInMachine } from './stand-in-machine.js';
import { images, optionsFor, token } from './trial.js';

// What FlyBackend makes of every answer of the Machines API, as a stand-in gives them.

let standIn: FlyStandIn;
let backend: FlyBackend;
const requests = new Map<string, TestBootRequest>();
const logged: string[] = [];
const log = {
  debug: (line: string) => void logged.push(line),
  log: (line: string) => void logged.push(line),
  warn: (line: string) => void logged.push(line),
  error: (line: string) => void logged.push(line),
};

async function begin(options: FlyBackendOptions = {}, longestWait?: number): Promise<void> {
  const onLine = (line: string, stream: 'stdout' | 'stderr', { name }: StandInMachine): void => requests.get(name)?.output(line, stream);
  standIn = await FlyStandIn.start({ token, images, longestWait, onLine });
  backend = new FlyBackend(optionsFor(standIn, 'machine:1', options));
  await backend.prepare({ ...testContext, log });
}

function boot(request = new TestBootRequest('polite')): Promise<Machine> {
  requests.set(request.runner, request);
  return backend.boot(request);
}
async function bootFailure(request = new TestBootRequest('polite')): Promise<BootError> {
  const outcome = await boot(request).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(BootError);
  return outcome as BootError;
}

const actions = (): string[] => standIn.seen.map(({ action, status }) => `${action} ${status}`);
const regionsAsked = (): unknown[] =>
  standIn.seen.filter(({ action }) => action === 'create').map(({ body }) => (body as { region: string }).region);

/** Everywhere a token could get out. */
function expectNoToken(...things: unknown[]): void {
  for (const thing of [...things, logged, backend]) {
    for (const text of [inspect(thing, { depth: 20, showHidden: true }), String(thing), JSON.stringify(thing) ?? '']) {
      expect(text).not.toContain(token);
      expect(text).not.toContain('distinctive-token');
    }
  }
}

beforeEach(() => void (logged.length = 0));

afterEach(async () => {
  await backend.close();
  const left = standIn.present.map(({ id }) => id);
  await standIn.close();
  if (left.length > 0) throw new Error(`machines ${left.join(', ')} are left`);
});

describe('FlyBackend, with a stand-in of the Machines API, requests a machine', () => {
  it('with the settings of the options, of which nothing is left when it ends', async () => {
    await begin({
      cpuKind: 'shared',
      cpus: 2,
      memoryMb: 512,
      env: { MODE: 'runner' },
      init: { cmd: ['node', 'main.js'], swapSizeMb: 256, kernelArgs: ['quiet'] },
      metadata: { team: 'video' },
      mounts: [{ path: '/data' }],
      services: [{ protocol: 'tcp', internal_port: 1 }],
    });
    const request = new TestBootRequest('polite');
    await boot(request);
    const { body } = standIn.seen.find(({ action }) => action === 'create')! as { body: { name: string; region: string; config: object } };
    expect(body).toMatchObject({ name: request.runner, region: 'fra' });
    expect(body.config).toMatchObject({
      image: 'machine:1',
      env: { MODE: 'runner', FLAME_PARENT: expect.any(String) },
      init: { cmd: ['node', 'main.js'], swap_size_mb: 256, kernel_args: ['quiet'], tty: false },
      guest: { cpu_kind: 'shared', cpus: 2, memory_mb: 512 },
      auto_destroy: true,
      restart: { policy: 'no' },
      services: [{ protocol: 'tcp', internal_port: 1 }],
      mounts: [{ path: '/data' }],
      metadata: { team: 'video', nestjs_flame_is: 'runner', nestjs_flame_parent: 'parent-1', nestjs_flame_pool: 'polite' },
      stop_config: { signal: 'SIGTERM', timeout: 1_000_000_000 },
    });
    expect(JSON.stringify(body)).not.toContain('fly_process_group');
  });

  it.each([409, 412, 422, 403])('in the next region, if one has no capacity (%i)', async (status) => {
    await begin({ regions: ['ams', 'cdg'] });
    standIn.full.set('fra', { status, error: 'insufficient resources' });
    standIn.full.set('ams', { status, error: 'insufficient resources' });
    const machine = await boot();
    expect(regionsAsked()).toEqual(['fra', 'ams', 'cdg']);
    expect(standIn.machines.get(machine.id)!.region).toBe('cdg');
  });

  it.each([
    [409, false],
    [412, false],
    [422, false],
    [403, true],
  ])('and reports each region with the platform’s message if none has capacity (%i; fatal: %s)', async (status, fatal) => {
    await begin({ regions: ['ams'] });
    for (const region of ['fra', 'ams']) standIn.full.set(region, { status, error: `no room, Bearer ${token}` });
    const error = await bootFailure();
    expect(error).toMatchObject({ name: 'BootError', phase: 'create', fatal });
    expect(error.message).toMatch(
      /^fly: no region has capacity for a runner: fra: the API answered the request "create" with \d+: no room, Bearer \[hidden\]; ams: the API/,
    );
    expectNoToken(error);
  });

  it.each([
    ['a wrong token', 401, { token: `${token} of another` }, /the request "create" with 401: Authenticate: token validation error/],
    ['an image that is not there', 400, { image: 'none:1' }, /the request "create" with 400: .*could not find image "none:1"/],
    ['an app that is not there', 404, { app: 'other' }, /the request "create" with 404: app not found/],
  ])('not again, with %s', async (_, status, options, message) => {
    await begin({ regions: ['ams'], ...options });
    const error = await bootFailure();
    expect(error).toMatchObject({ fatal: true, phase: 'create', message: expect.stringMatching(message) });
    expect(actions()).toEqual([`${status === 401 ? 'unknown' : 'create'} ${status}`]);
    expectNoToken(error);
  });

  it('and lets the pool retry after an error of the platform', async () => {
    await begin();
    standIn.spoiled.set('create', [{ status: 503, error: `upstream, ${token}` }]);
    const error = await bootFailure();
    expect(error).toMatchObject({
      fatal: false,
      message: 'fly: no machine was created in region fra: the API answered the request "create" with 503: upstream, [hidden]',
    });
    expectNoToken(error);
  });

  it('and lets the pool retry if the API does not answer', async () => {
    await begin();
    const { host } = standIn;
    await standIn.close();
    const error = await bootFailure();
    expect(error).toMatchObject({
      fatal: false,
      message: expect.stringContaining(`${host} did not answer the request "create": fetch failed: connect ECONNREFUSED`),
    });
    expectNoToken(error);
  });

  it('and removes a machine whose creation was not confirmed', async () => {
    await begin();
    standIn.spoiled.set('create', [{ status: 0 }]);
    const error = await bootFailure();
    expect(error).toMatchObject({ fatal: false, message: expect.stringContaining('did not answer the request "create"') });
    expect(standIn.machines.size).toBe(1);
    await until(() => standIn.present.length === 0);
    expectNoToken(error);
  });

  it('with a token that no header can contain, without showing it', async () => {
    await begin({ token: `${token}\nx` });
    const error = await bootFailure();
    expect(error.message).toContain('did not answer the request "create"');
    expectNoToken(error);
  });
});

describe('FlyBackend, with the stand-in, respects the limits', () => {
  it('of one machine a second after a burst, so that it is not refused', async () => {
    await begin();
    const began = performance.now();
    const machines = await Promise.all(Array.from({ length: 5 }, () => boot()));
    expect(new Set(machines.map(({ id }) => id)).size).toBe(5);
    expect(performance.now() - began).toBeGreaterThan(2_900);
    expect(actions().filter((action) => action.endsWith('429'))).toEqual([]);
  });

  it('and waits as long as the API says when other clients have used them up', async () => {
    await begin();
    standIn.spoiled.set('create', [{ status: 429, error: 'rate limit exceeded', headers: { 'retry-after': '1' } }]);
    await boot();
    const creates = standIn.seen.filter(({ action }) => action === 'create');
    expect(creates.map(({ status }) => status)).toEqual([429, 200]);
    expect(creates[1]!.at - creates[0]!.at).toBeGreaterThan(950);
  });

  it('of a minute for each wait, and waits again', async () => {
    await begin({}, 300);
    const machine = await boot();
    await until(() => actions().filter((action) => action === 'wait 408').length >= 2);
    standIn.machines.get(machine.id)!.kill();
    expect(await machine.exited).toMatchObject({ how: 'signal', signal: 'SIGKILL' });
  });
});

describe('FlyBackend, with the stand-in, follows a machine', () => {
  it('that ran out of memory', async () => {
    await begin();
    const machine = await boot();
    standIn.machines.get(machine.id)!.runOutOfMemory();
    expect(await machine.exited).toEqual({ how: 'oom', signal: 'SIGKILL', text: 'out of memory (it has 1024 MiB; raise memoryMb)' });
  });

  it('that was stopped by hand', async () => {
    await begin();
    const request = new TestBootRequest('polite');
    const machine = await boot(request);
    await request.printed('ready');
    standIn.machines.get(machine.id)!.stop('SIGTERM', 5_000);
    expect(await machine.exited).toMatchObject({ how: 'stopped', code: 0, text: 'stopped by the platform or by hand (exit code 0)' });
  });

  it('through failures of the API', async () => {
    await begin();
    const machine = await boot();
    standIn.spoiled.set('wait', [{ status: 500 }, { status: 502 }]);
    standIn.spoiled.set('get', [{ status: 500 }]);
    standIn.machines.get(machine.id)!.kill();
    expect(await machine.exited).toMatchObject({ how: 'signal', signal: 'SIGKILL' });
  });

  it('whose lease another client holds, and removes it when the lease is released', async () => {
    await begin();
    const machine = await boot();
    standIn.machines.get(machine.id)!.lease = { nonce: 'abc', until: Date.now() + 700 };
    await machine.stop(0);
    expect(actions()).toContain('delete 409');
    expect(actions()).toContain('delete 200');
    expect(logged.join('\n')).toContain('could not be removed yet: the API answered the request "delete');
  });

  it('and explains what to do when it may not be removed any more', async () => {
    await begin();
    const machine = await boot();
    standIn.spoiled.set('delete', [{ status: 401, error: `no more, ${token}` }]);
    await machine.stop(0);
    expect(logged.join('\n')).toMatch(/may still exist: .*401.* Remove it with: fly machine destroy --force \w+ --app flame-/);
    expectNoToken(await machine.exited);
    standIn.machines.get(machine.id)!.destroy();
    await until(() => standIn.present.length === 0);
  });

  it('that never started', async () => {
    await begin();
    await standIn.close();
    standIn = await FlyStandIn.start({ token, images: { 'machine:1': { file: '/no/such/program', args: [] } } });
    backend = new FlyBackend(optionsFor(standIn, 'machine:1'));
    await backend.prepare({ ...testContext, log });
    const error = await bootFailure();
    expect(error).toMatchObject({ phase: 'start', fatal: false });
    expect(error.message).toMatch(
      /^fly: machine \w+ did not start: .* \(region fra\)\. Read its output with: fly logs --app flame-\S+ --machine \w+$/,
    );
    expectNoToken(error);
  });
});

describe('FlyBackend, with the stand-in, reaps', () => {
  const home = (app: string): StandInMachine => new StandInMachine(app, 'home', 'fra', { image: 'app:1' }, '::1');

  /** A runner's machine that says that its parent is there. */
  function orphan(app: string, parent: string, at: { id: string; instance: string }, process = '1@1000'): StandInMachine {
    const metadata = {
      nestjs_flame_is: 'runner',
      nestjs_flame_parent: parent,
      nestjs_flame_pool: 'p',
      nestjs_flame_runner: `p-${parent}-1`,
      nestjs_flame_origin_machine: at.id,
      nestjs_flame_origin_version: at.instance,
      nestjs_flame_origin_process: process,
    };
    return standIn.place(new StandInMachine(app, `p-${parent}-1`, 'fra', { image: 'machine:1', metadata }, '::1'), 'stopped');
  }

  it('machines of parents that are gone, stopped or of another version, and does not touch others', async () => {
    await begin({ app: 'flame-reaped' });
    const app = 'flame-reaped';
    const alive = standIn.place(home(app), 'started');
    const stopping = standIn.place(home(app), 'stopping');
    const stopped = standIn.place(home(app), 'stopped');
    const gone = [
      orphan(app, 'gone', { id: 'none', instance: 'none' }),
      orphan(app, 'stopped', { id: stopped.id, instance: stopped.instance }),
      orphan(app, 'replaced', { id: alive.id, instance: 'before' }),
    ];
    const used = [
      orphan(app, 'alive', { id: alive.id, instance: alive.instance }),
      orphan(app, 'stopping', { id: stopping.id, instance: stopping.instance }),
      orphan(app, 'parent-1', { id: 'none', instance: 'none' }),
      alive,
      stopping,
      stopped,
    ];
    expect(await backend.reap()).toBe(gone.length);
    expect(standIn.present.map(({ name }) => name).sort()).toEqual(used.map(({ name }) => name).sort());
    for (const machine of used) machine.destroy();
  });
});

describe('FlyBackend, examined with the stand-in,', () => {
  it.each([
    ['a wrong token', { token: 'wrong' }, 'rights', 'fly secrets set FLY_API_TOKEN='],
    ['an app that is not there', { app: 'other' }, 'engine', 'the app "other" does not exist'],
    ['an address that is not here', { parentHostname: 'fdaa::3' }, 'network', "omit FlyBackend's option parentHostname"],
    ['no API', { host: 'http://127.0.0.1:1' }, 'engine', 'FLY_API_HOSTNAME'],
  ])('detects %s', async (_, options, name, fix) => {
    await begin(options);
    const checks = await backend.examine(new AbortController().signal);
    expect(checks.at(-1)).toMatchObject({ name, ok: false, fix: expect.stringContaining(fix) });
    expectNoToken(checks);
  });
});
