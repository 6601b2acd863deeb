import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestBootRequest, testContext } from '../support/test-boot-request.js';
import type { BackendRig } from './backend.contract.js';

/** What doctor relies on, of a backend that is in order. */
export function examinationContract(name: string, makeRig: () => Promise<BackendRig>): void {
  describe(`${name} keeps the contract of examinations`, () => {
    let rig: BackendRig;

    beforeEach(async () => {
      rig = await makeRig();
      await rig.backend.prepare(testContext);
    });

    afterEach(async () => {
      await rig.backend.close();
      await rig.close?.();
      expect(await rig.machines(), 'machines left behind').toEqual([]);
    });

    it('finds no fault, describes each check, and changes nothing', async () => {
      const checks = await rig.backend.examine(new AbortController().signal);
      expect(checks.length).toBeGreaterThan(0);
      for (const check of checks) {
        expect(check).toMatchObject({
          ok: true,
          name: expect.stringMatching(/^[a-z]+$/),
          message: expect.stringMatching(/^\S[^\n]*[^.\s]$/),
        });
      }
      expect(new Set(checks.map((check) => check.name)).size).toBe(checks.length);
      expect(await rig.machines()).toEqual([]);
    });

    it('reports the machines that the platform has, if it can ask', async () => {
      const machine = await rig.backend.boot(new TestBootRequest('polite', rig.inProcess && (() => rig.inProcess!())));
      const expected = rig.backend.machines ? [machine.id] : undefined;
      expect(await rig.backend.machines?.()).toEqual(expected);
      await machine.stop(0);
      expect(await rig.backend.machines?.()).toEqual(expected && []);
    });
  });
}
