import { setImmediate as nextTurn, setTimeout as pass } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Link } from '../../libs/flame/src/transport/session/link.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { large, numbered, numbersOf, upTo } from '../support/numbered-frames.js';
import { RawRunner } from '../support/raw-runner.js';
import { manifest, AttachRig } from '../support/attach-rig.js';

for (const [name, reach] of [
  ['over a Unix socket', 'host'],
  ['over TLS', 'network'],
] as const) {
  describe(`a session ${name}`, () => {
    let rig: AttachRig;
    let proxy: CuttingProxy;

    async function start(reconnectTimeout: number): Promise<{ parent: Link; runner: Link; here: LinkRecorder; there: LinkRecorder }> {
      rig = new AttachRig(reach, { reconnectTimeout });
      const { address } = await rig.info();
      proxy = await CuttingProxy.before(address);
      const { parent, runner } = await rig.pair({ address: proxy.address, reconnectTimeout });
      const here = new LinkRecorder();
      const there = new LinkRecorder();
      parent.open(here);
      runner.open(there);
      return { parent, runner, here, there };
    }

    afterEach(async () => {
      await rig.close();
      await proxy.close();
    });

    it('loses and repeats nothing when its connection is dropped repeatedly under load', async () => {
      const { parent, runner, here, there } = await start(5_000);
      const total = 6_000;
      for (const id of upTo(total)) {
        parent.send(numbered(id));
        runner.send(numbered(id));
        if (id % 50 === 0) await nextTurn();
        if (id % 1_500 === 0) {
          proxy.drop();
          await there.until(() => there.events.includes('suspended'));
        }
      }
      await Promise.all([here.first(total), there.first(total)]);
      parent.send(numbered(total + 1));
      runner.send(numbered(total + 1));
      await Promise.all([here.first(total + 1), there.first(total + 1)]);
      expect(numbersOf(here.frames)).toEqual(upTo(total + 1));
      expect(numbersOf(there.frames)).toEqual(upTo(total + 1));
      expect(there.events.filter((event) => event === 'resumed').length).toBeGreaterThanOrEqual(1);
    });

    it('loses and repeats nothing of large payloads during which its connection broke', async () => {
      const { parent, runner, here, there } = await start(5_000);
      for (const id of upTo(6)) {
        parent.send(large(id, 2 * 1024 * 1024 + id));
        runner.send(large(id, 3 * 1024 * 1024 + id));
      }
      for (let drop = 0; drop < 3; drop++) {
        await nextTurn();
        await pass(5);
        proxy.drop();
      }
      await Promise.all([here.first(6), there.first(6)]);
      for (const [recorder, size] of [
        [here, 3 * 1024 * 1024],
        [there, 2 * 1024 * 1024],
      ] as const) {
        expect(numbersOf(recorder.frames).sort()).toEqual(upTo(6));
        for (const frame of recorder.frames) {
          if (frame.type === 'return') expect(Buffer.compare(frame.value, large(frame.id, size + frame.id).value)).toBe(0);
        }
      }
    });

    it('reports that it is suspended, keeps the frames sent meanwhile, and resumes', async () => {
      const { parent, runner, here, there } = await start(5_000);
      proxy.cut();
      await Promise.all([here.until(() => here.events.includes('suspended')), there.until(() => there.events.includes('suspended'))]);
      for (const id of upTo(100)) {
        parent.send(numbered(id));
        runner.send(numbered(id));
      }
      proxy.mend();
      await Promise.all([here.first(100), there.first(100)]);
      for (const recorder of [here, there]) {
        expect(recorder.events.slice(0, 2)).toEqual(['suspended', 'resumed']);
        expect(numbersOf(recorder.frames)).toEqual(upTo(100));
      }
    });

    it('is cut on both sides when its connection does not come back in time', async () => {
      const { parent, here, there } = await start(150);
      proxy.cut();
      const [atParent, atRunner] = await Promise.all([here.ended, there.ended]);
      expect([atParent.how, atRunner.how]).toEqual(['cut', 'cut']);
      expect(atParent.reason).toMatch(/the connection to runner runner-\d+ broke \(.+\) and was not restored within 150 ms/);
      expect(here.events).toEqual(['suspended']);
      proxy.mend();
      parent.send(numbered(1));
      await nextTurn();
      expect(there.frames).toEqual([]);
    });

    it('closes while it is suspended', async () => {
      const { parent, here, there } = await start(5_000);
      proxy.cut();
      await here.until(() => here.events.includes('suspended'));
      parent.send(numbered(1));
      const closed = parent.close('enough');
      proxy.mend();
      await closed;
      expect(await there.ended).toEqual({ how: 'left', reason: 'enough' });
      expect(numbersOf(there.frames)).toEqual([1]);
    });

    it('stops waiting in close when the other end stays away', async () => {
      const { parent, here } = await start(100);
      proxy.cut();
      await here.until(() => here.events.includes('suspended'));
      await parent.close('enough');
      expect(await here.ended).toEqual({ how: 'closed', reason: 'enough' });
    });

    it('is closed although the other end does not answer', async () => {
      const { parent, here } = await start(100);
      proxy.swallow();
      await parent.close('enough');
      expect(await here.ended).toEqual({ how: 'closed', reason: 'enough' });
    });

    it('closes its connections', async () => {
      const { runner, here } = await start(5_000);
      expect(proxy.connected).toBeGreaterThan(0);
      await runner.close('done');
      await here.ended;
      while (proxy.connected > 0) await nextTurn();
    });
  });
}

describe('resuming', () => {
  let rig: AttachRig;
  beforeEach(() => {
    rig = new AttachRig('host', { reconnectTimeout: 300 });
  });
  afterEach(() => rig.close());

  it('needs the key of the session', async () => {
    const info = await rig.info();
    const attached = rig.expect(info);
    await rig.dial(info);
    const here = new LinkRecorder();
    const { link } = await attached;
    link.open(here);
    const thief = new RawRunner(info.address);
    thief.resume(info.runner, Buffer.alloc(32, 7), 0);
    expect(await thief.status).toMatchObject({
      code: 16,
      details: `runner ${info.runner} has no session to resume: the session has ended, or its key is wrong`,
    });
    expect(here.events).toEqual([]);
  });

  it('replaces a connection that the parent still considers open', async () => {
    const info = await rig.info();
    const attached = rig.expect(info);
    const first = new RawRunner(info.address);
    first.hello(info.runner, info.token, manifest);
    const { link } = await attached;
    const here = new LinkRecorder();
    link.open(here);
    const key = await first.key();
    link.send(numbered(1));
    const second = new RawRunner(info.address);
    second.resume(info.runner, key, 0);
    await second.received(2);
    expect((await first.status).details).toBe('another connection replaced it');
    expect(here.events).toEqual(['suspended', 'resumed']);
    // What the first connection was sent, and nobody confirmed, comes again.
    expect(second.packets[1]!.includes('value 1')).toBe(true);
  });
});
