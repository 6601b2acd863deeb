import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { numbered } from '../support/numbered-frames.js';
import { AttachRig } from '../support/attach-rig.js';

let base: string;
let rig: AttachRig;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 't-'));
  vi.stubEnv('TMPDIR', base);
  rig = new AttachRig('host');
});

afterEach(async () => {
  await rig.close();
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true, force: true, maxRetries: 5 });
});

/** The folder of the parent's socket. */
const folderOf = (address: string): string => dirname(address.slice('unix:'.length));

describe('the socket of the runners on this host, after a clean-up job has removed it', () => {
  it('is created again for the next runner, as private as before; sessions continue', async () => {
    const { parent, runner } = await rig.pair();
    const { address } = await rig.info();
    const folder = folderOf(address);
    rmSync(folder, { recursive: true, maxRetries: 5 });
    expect((await rig.info()).address).toBe(address);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const next = await rig.pair();
    for (const [from, to] of [
      [parent, runner],
      [next.parent, next.runner],
    ] as const) {
      const there = new LinkRecorder();
      to.open(there);
      from.send(numbered(1));
      await there.first(1);
      expect(there.ends).toEqual([]);
    }
    await rig.close();
    expect(existsSync(folder)).toBe(false);
  });

  it('is created once for runners that boot together', async () => {
    const { address } = await rig.info();
    rmSync(folderOf(address), { recursive: true });
    const infos = await Promise.all([rig.info(), rig.info(), rig.info()]);
    expect(new Set(infos.map((info) => info.address))).toEqual(new Set([address]));
    expect(await rig.pair()).toBeDefined();
  });

  it('is created again for a session whose connection broke, without any boot', async () => {
    const { address } = await rig.info();
    const proxy = await CuttingProxy.before(address);
    const { parent, runner } = await rig.pair({ address: proxy.address });
    const there = new LinkRecorder();
    runner.open(there);
    rmSync(folderOf(address), { recursive: true });
    proxy.drop();
    await there.until(() => there.events.includes('resumed'));
    parent.send(numbered(1));
    await there.first(1);
    await proxy.close();
  });

  it('is created elsewhere if the temporary folder was removed, too', async () => {
    const { address } = await rig.info();
    rmSync(base, { recursive: true, maxRetries: 5 });
    const { address: other } = await rig.info();
    expect(other).not.toBe(address);
    expect(await rig.pair()).toBeDefined();
    await rig.close();
    expect(existsSync(folderOf(other))).toBe(false);
  });
});

describe('a socket or port on which the server could not listen', () => {
  it('is tried again at the next boot, if it was a port', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as AddressInfo;
    const network = new AttachRig('network', { port });
    await expect(network.info()).rejects.toThrow(`port ${port}`);
    await new Promise((resolve) => holder.close(resolve));
    expect((await network.info()).address).toBe(`127.0.0.1:${port}`);
    expect(await network.pair()).toBeDefined();
    await network.close();
  });
});
