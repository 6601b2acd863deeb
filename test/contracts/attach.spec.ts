import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FlameError } from '../../libs/flame/src/core/errors/flame-error.js';
import type { Manifest } from '../../libs/flame/src/core/manifest.js';
import { MemoryAttachServer } from '../../libs/flame/src/transport/attach/memory-attach-server.js';
import { makeTlsIdentity } from '../../libs/flame/src/transport/grpc/tls-identity.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { numbered } from '../support/numbered-frames.js';
import { RawRunner } from '../support/raw-runner.js';
import { manifest, AttachRig } from '../support/attach-rig.js';

const rigs: AttachRig[] = [];

function rigOf(...args: ConstructorParameters<typeof AttachRig>): AttachRig {
  const rig = new AttachRig(...args);
  rigs.push(rig);
  return rig;
}

afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.close()));
});

/** What a promise rejects with. */
async function failure(promise: Promise<unknown>): Promise<FlameError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FlameError);
  return error as FlameError;
}

describe('attaching', () => {
  it('passes the runner’s description to the parent', async () => {
    const rig = rigOf('host');
    const info = await rig.info();
    const attached = rig.expect(info);
    await rig.dial(info);
    const { hello } = await attached;
    expect(hello).toMatchObject({ runner: info.runner, manifest, pid: process.pid, node: process.versions.node });
  });

  it('refuses a wrong token, and still accepts the right one', async () => {
    const rig = rigOf('host');
    const info = await rig.info();
    const attached = rig.expect(info);
    const error = await failure(rig.dial({ ...info, token: 'guessed' }));
    expect(error.code).toBe('FLAME_DENIED');
    expect(error.message).toContain('its token is wrong, was already used, or arrived after bootTimeout');
    await rig.dial(info);
    expect((await attached).hello.runner).toBe(info.runner);
  });

  it('refuses a token that was already used', async () => {
    const rig = rigOf('host');
    const info = await rig.info();
    const attached = rig.expect(info);
    await rig.dial(info);
    await attached;
    expect((await failure(rig.dial(info))).code).toBe('FLAME_DENIED');
  });

  it('rejects a runner that is no longer expected, and rejects the expectation with the reason', async () => {
    const rig = rigOf('host');
    const info = await rig.info();
    const withdraw = new AbortController();
    const attached = rig.expect(info, withdraw.signal);
    const reason = new Error('the boot timed out');
    withdraw.abort(reason);
    await expect(attached).rejects.toBe(reason);
    expect((await failure(rig.dial(info))).code).toBe('FLAME_DENIED');
    await expect(rig.expect(info, withdraw.signal)).rejects.toBe(reason);
  });

  const unlike: readonly [what: string, runner: Manifest, words: string[]][] = [
    ['another protocol', { ...manifest, protocol: 2 }, ['it speaks protocol 2, the parent 1']],
    ['another version', { ...manifest, version: '0.9.0' }, ['it has nestjs-flame 0.9.0, the parent 1.0.0']],
    [
      'other handlers',
      { ...manifest, handlers: ['Videos.cut', 'Videos.mix'], digest: 'd2' },
      ['only the runner has the handler Videos.mix', 'only the parent has the handler Videos.join'],
    ],
    [
      'an inline function with other code',
      { ...manifest, code: manifest.handlers.map((name) => (name === 'Videos.cut' ? 'c2' : '')), digest: 'd2' },
      ['it has other code for the handler Videos.cut'],
    ],
    ['another digest alone', { ...manifest, digest: 'd2' }, ["its handlers' digest is d2, the parent's d1"]],
  ];
  for (const [what, ofRunner, words] of unlike) {
    it(`reports to both sides that the runner has ${what}`, async () => {
      const rig = rigOf('host');
      const info = await rig.info();
      const [atParent, atRunner] = await Promise.all([failure(rig.expect(info)), failure(rig.dial(info, { manifest: ofRunner }))]);
      expect(atRunner.message).toBe(atParent.message);
      expect([atParent.code, atRunner.code]).toEqual(['FLAME_DENIED', 'FLAME_DENIED']);
      for (const text of words) expect(atParent.message).toContain(text);
      expect(atParent.message).toContain('Run the same build');
    });
  }

  it('is refused in the same way in memory', async () => {
    const server = new MemoryAttachServer();
    const attached = failure(server.expect({ runner: 'r', token: 't', manifest }, new AbortController().signal));
    const hello = { runner: 'r', manifest: { ...manifest, version: '0.9.0' }, pid: 1, host: 'h', node: '20' };
    expect(() => server.attach('guessed', hello)).toThrow('its token is wrong');
    expect(() => server.attach('t', hello)).toThrow('it has nestjs-flame 0.9.0');
    expect((await attached).code).toBe('FLAME_DENIED');
    await server.close();
  });

  it('fails with the cause when there is no parent', async () => {
    const rig = rigOf('host');
    const info = await rig.info({ address: 'unix:/nowhere/at-all.sock', reconnectTimeout: 60 });
    const error = await failure(rig.dial(info));
    expect(error.code).toBe('FLAME_BOOT');
    expect(error.message).toContain('the parent at unix:/nowhere/at-all.sock cannot be reached (tried for 60 ms)');
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('stops dialing when its signal aborts', async () => {
    const rig = rigOf('host');
    const info = await rig.info({ address: 'unix:/nowhere/at-all.sock', reconnectTimeout: 60_000 });
    const reason = new Error('never mind');
    const giveUp = new AbortController();
    const dialing = rig.dial(info, { signal: giveUp.signal });
    giveUp.abort(reason);
    await expect(dialing).rejects.toBe(reason);
  });

  it('trusts only the certificate in its FLAME_PARENT', async () => {
    const rig = rigOf('network');
    const { cert } = await makeTlsIdentity();
    const info = await rig.info({ certificate: cert, reconnectTimeout: 100 });
    const error = await failure(rig.dial(info));
    expect(error.code).toBe('FLAME_BOOT');
    expect(error.message).toMatch(/certificate/);
  });

  it('takes a given key and certificate', async () => {
    const tls = await makeTlsIdentity();
    const rig = rigOf('network', { tls });
    expect((await rig.info()).certificate).toBe(tls.cert);
    const { parent, runner } = await rig.pair();
    const there = new LinkRecorder();
    runner.open(there);
    parent.send(numbered(1));
    await there.first(1);
  });

  it('listens in a directory that only this user can enter, and removes it', async () => {
    const rig = rigOf('host');
    const { address } = await rig.info();
    const path = address.slice('unix:'.length);
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
    await rig.close();
    await expect(access(dirname(path))).rejects.toThrow('ENOENT');
  });

  it('names the interface and port that it cannot listen on', async () => {
    const taken = rigOf('network');
    const { address } = await taken.info();
    const port = Number(address.split(':')[1]);
    const error = await failure(rigOf('network', { port }).info());
    expect(error.code).toBe('FLAME_CONFIG');
    expect(error.message).toContain(`127.0.0.1, port ${port}`);
  });

  it('expects no runners after the server has closed', async () => {
    const rig = rigOf('host');
    const info = await rig.info();
    const waiting = failure(rig.expect(info));
    await rig.server.close();
    expect((await waiting).code).toBe('FLAME_REFUSED');
    expect((await failure(rig.expect(info))).code).toBe('FLAME_REFUSED');
    expect((await failure(rig.info())).code).toBe('FLAME_REFUSED');
  });

  it('ends the runner’s session when the server closes', async () => {
    const rig = rigOf('host');
    const { runner } = await rig.pair();
    const there = new LinkRecorder();
    runner.open(there);
    await rig.server.close();
    expect(await there.ended).toEqual({ how: 'left', reason: 'the parent is closing' });
  });
});

describe('a runner that breaks the protocol', () => {
  it('is refused before it has introduced itself', async () => {
    const rig = rigOf('host');
    const { address } = await rig.info();
    const runner = new RawRunner(address);
    runner.write(Buffer.from('no protobuf at all'));
    expect(await runner.status).toMatchObject({ code: 3 });
  });

  for (const [what, bytes] of [
    ['bytes that are no packet', Buffer.from([0x2a, 0xff, 0xff, 0xff, 0x7f])],
    ['a frame of an unknown kind', Buffer.from([0x18, 0x01, 0x2a, 0x02, 0x08, 0x7f])],
    ['a packet out of order', Buffer.from([0x18, 0x07])],
    ['an acknowledgement of what was never sent', Buffer.from([0x20, 0x63])],
    ['frames without a number', Buffer.from([0x2a, 0x02, 0x08, 0x0c])],
  ] as const) {
    it(`loses its own session, and no other, by ${what}`, async () => {
      const rig = rigOf('host');
      const good = await rig.pair();
      const info = await rig.info();
      const attached = rig.expect(info);
      const raw = new RawRunner(info.address);
      raw.hello(info.runner, info.token, manifest);
      const here = new LinkRecorder();
      (await attached).link.open(here);
      raw.write(bytes);
      expect((await here.ended).how).toBe('violation');
      expect((await raw.status).code).toBe(0);

      const there = new LinkRecorder();
      good.runner.open(there);
      good.parent.send(numbered(1));
      await there.first(1);
      expect(there.ends).toEqual([]);
    });
  }

  it('cannot send a value larger than maxPayload', async () => {
    const rig = rigOf('host', { maxPayload: 1_000_000 });
    const { parent, runner } = await rig.pair();
    const here = new LinkRecorder();
    parent.open(here);
    runner.send({ type: 'return', id: 1, value: Buffer.alloc(3_000_000), held: false });
    const end = await here.ended;
    expect(end.how).toBe('violation');
    expect(end.reason).toContain('larger than maxPayload, 1000000 bytes');
  });
});
