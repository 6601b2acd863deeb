import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FlameBackend, LocalMachine, Machine } from '../../libs/flame/src/backends/backend.js';
import { TestBootRequest, testContext } from '../support/test-boot-request.js';
import { until } from '../support/process-table.js';

/** What the suite is run against: a backend whose machines run `test/support/programs/machine.mjs`, and a look at its platform. */
export interface BackendRig {
  readonly backend: FlameBackend;
  /** The ids of the machines that the platform has, whatever the backend says. */
  machines(): Promise<readonly string[]>;
  /** What `request.inProcess` does, for a backend that calls it. */
  inProcess?(): Promise<LocalMachine>;
  /** Hands what the request's machine prints to the request, where the platform keeps that to itself. */
  hear?(request: TestBootRequest): void;
  /** Ends what the rig itself made. */
  close?(): Promise<void>;
}

/** What the pool relies on, whatever the platform. */
export function backendContract(name: string, makeRig: () => Promise<BackendRig>): void {
  describe(`${name} keeps the contract of backends`, () => {
    let rig: BackendRig;
    let backend: FlameBackend;

    const request = (behaviour: string): TestBootRequest => new TestBootRequest(behaviour, rig.inProcess && (() => rig.inProcess!()));

    beforeEach(async () => {
      rig = await makeRig();
      backend = rig.backend;
      await backend.prepare(testContext);
    });

    afterEach(async () => {
      await backend.close();
      await rig.close?.();
      expect(await rig.machines(), 'machines left behind').toEqual([]);
    });

    it('has a name of one lower-case word', () => {
      expect(backend.name).toMatch(/^[a-z]+$/);
      expect(['memory', 'host', 'network']).toContain(backend.reach);
    });

    it('creates machines that the platform knows, each with its own id', async () => {
      const machines = await Promise.all([backend.boot(request('polite')), backend.boot(request('polite'))]);
      expect([...(await rig.machines())].sort()).toEqual(machines.map((machine) => machine.id).sort());
      expect(new Set(machines.map((machine) => machine.id)).size).toBe(2);
      await Promise.all(machines.map((machine) => machine.stop(0)));
    });

    it('resolves stop when nothing is left, at once without grace', async () => {
      const machine = await backend.boot(request('polite'));
      await machine.stop(0);
      expect(await rig.machines()).toEqual([]);
      expect((await machine.exited).how).toBe('stopped');
    });

    it('can be stopped twice, and after its end', async () => {
      const machine = await backend.boot(request('polite'));
      await Promise.all([machine.stop(60_000), machine.stop(0)]);
      await machine.stop(60_000);
      expect(await rig.machines()).toEqual([]);
    });

    it('reports in one sentence how a machine ended, also when asked late', async () => {
      const machine = await backend.boot(request('polite'));
      await machine.stop(0);
      const exit = await machine.exited;
      expect(exit.text).toMatch(/^\S.*[^\n]$/);
      expect(await machine.exited).toBe(exit);
    });

    it('creates nothing if the boot was already cancelled', async () => {
      const abandoned = request('polite');
      abandoned.abort();
      await expect(backend.boot(abandoned)).rejects.toThrow('the boot was abandoned');
      expect(await rig.machines()).toEqual([]);
    });

    it('rejects and leaves nothing when the boot is cancelled meanwhile', async () => {
      const abandoned = request('polite');
      const boot = backend.boot(abandoned);
      abandoned.abort();
      await expect(boot).rejects.toThrow('the boot was abandoned');
      expect(await rig.machines()).toEqual([]);
    });

    it('removes a machine whose boot is cancelled before its runner attached', async () => {
      const abandoned = request('stubborn');
      const machine = await backend.boot(abandoned);
      abandoned.abort();
      await machine.exited;
      expect(await rig.machines()).toEqual([]);
    });

    it('can be closed twice', async () => {
      await backend.close();
      await backend.close();
    });

    it('finds nothing to reap if its machines are gone', async () => {
      await (await backend.boot(request('polite'))).stop(0);
      expect(await backend.reap()).toBe(0);
    });
  });
}

/**
 * What holds beside it where a machine is a process, a container or a host of its own. `output` is false where what machines print is not to be had from
 * the platform, and `'one stream'` where it comes mixed, as `stdout`.
 */
export function separateMachineContract(
  name: string,
  makeRig: () => Promise<BackendRig>,
  platform: { output?: false | 'one stream' } = {},
): void {
  if (platform.output !== false) outputContract(name, makeRig, platform.output === 'one stream');
  describe(`${name} keeps the contract of separate machines`, () => {
    let rig: BackendRig;
    const boot = async (behaviour: string): Promise<{ machine: Machine; request: TestBootRequest }> => {
      const request = new TestBootRequest(behaviour);
      rig.hear?.(request);
      return { request, machine: await rig.backend.boot(request) };
    };

    beforeEach(async () => {
      rig = await makeRig();
      await rig.backend.prepare(testContext);
    });

    afterEach(async () => {
      await rig.backend.close();
      await rig.close?.();
      expect(await rig.machines(), 'machines left behind').toEqual([]);
    });

    it('passes FLAME_PARENT to the runner', async () => {
      const { machine, request } = await boot('tells');
      await machine.exited;
      expect(JSON.parse(request.text('stdout')[0]!).info).toMatchObject({ pool: 'tells', runner: request.runner, parent: 'parent-1' });
    });

    it('reports an exit code', async () => {
      const { machine } = await boot('exits');
      expect(await machine.exited).toMatchObject({ how: 'exit', code: 7, text: expect.stringContaining('7') });
    });

    it('reports a signal', async () => {
      const { machine } = await boot('dies');
      expect(await machine.exited).toMatchObject({ how: 'signal', signal: 'SIGKILL', text: expect.stringContaining('SIGKILL') });
    });

    it('first asks the machine to stop', async () => {
      const { machine, request } = await boot('polite');
      await request.printed('ready');
      await machine.stop(20_000);
      const exit = await machine.exited;
      // A kubelet on a busy node may have lost the exit code; force would leave its mark.
      expect({ code: 0, ...exit }).toMatchObject({ how: 'stopped', code: 0 });
      expect(exit.signal).toBeUndefined();
    });

    it('uses force after the grace period', async () => {
      const { machine, request } = await boot('stubborn');
      await request.printed('ready');
      const stopped = machine.stop(300);
      await request.printed('I stay');
      await stopped;
      expect(await machine.exited).toMatchObject({ how: 'stopped' });
      expect(await rig.machines()).toEqual([]);
    });

    it('lets a second stop shorten the grace period of the first', async () => {
      const { machine, request } = await boot('stubborn');
      await request.printed('ready');
      const first = machine.stop(Infinity);
      await request.printed('I stay');
      await machine.stop(0);
      await first;
    });

    it('ends its machines when it is closed', async () => {
      const { machine, request } = await boot('stubborn');
      await request.printed('ready');
      await rig.backend.close();
      await machine.exited;
      await until(async () => (await rig.machines()).length === 0);
    });
  });
}

function outputContract(name: string, makeRig: () => Promise<BackendRig>, oneStream: boolean): void {
  it(`${name} passes on output line by line, all of it before it reports that the machine is gone`, async () => {
    const rig = await makeRig();
    await rig.backend.prepare(testContext);
    const request = new TestBootRequest('prints');
    const machine = await rig.backend.boot(request);
    await machine.exited;
    if (oneStream) expect(request.text('stdout').sort()).toEqual(['', 'a complaint', 'one', 'thrée', 'two']);
    else {
      expect(request.text('stdout')).toEqual(['one', 'two', '', 'thrée']);
      expect(request.text('stderr')).toEqual(['a complaint']);
    }
    await rig.backend.close();
    await rig.close?.();
  });
}
