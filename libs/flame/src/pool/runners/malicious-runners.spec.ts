import { describe, expect, it } from 'vitest';
import type { Machine, MachineExit } from '../../backends/backend.js';
import { createCodec } from '../../core/codec/create-codec.js';
import type { Frame } from '../../core/session/frame.js';
import type { ParentInfo } from '../../core/parent-info.js';
import { PoolRig } from '../../../../../test/support/pool-rig.js';

const codec = createCodec();
const value = codec.encode(1);

/** What a runner may say of call 1, which it has, and of others. */
const lies: Record<string, readonly Frame[]> = {
  'gives the result of a call that it does not have': [{ type: 'return', id: 99, value, held: false }],
  'answers a call twice': [
    { type: 'return', id: 1, value, held: false },
    { type: 'return', id: 1, value, held: false },
  ],
  'gives a value that is none': [{ type: 'return', id: 1, value: Buffer.from([0xc1, 0xff, 0xff]), held: false }],
  'gives up with a code that there is not': [{ type: 'refuse', id: 1, code: '__proto__', ran: 'no', reason: '', held: false }],
  'asks for calls, as only a parent does': [
    { type: 'call', id: 7, handler: 0, args: value, mode: 'call', handlerTimeout: 0, linked: true, attempt: 1 },
  ],
  'ends what never began': [{ type: 'ended', id: 4_000_000_000, reason: '' }],
  'takes on casts that nobody sent': [{ type: 'accept', id: 5 }],
};

describe('A malicious runner', () => {
  for (const [what, frames] of Object.entries(lies)) {
    it(`is sent away when it ${what}, and its pool goes on`, async () => {
      let boots = 0;
      const rig: PoolRig = new PoolRig(
        { 'A.one': async () => 'honest' },
        { max: 1 },
        {
          boot: async (request) => {
            if (boots++ > 0) return request.inProcess();
            const info = JSON.parse(Buffer.from(await request.flameParent(), 'base64').toString()) as ParentInfo;
            return liar(rig, info, frames);
          },
        },
      );
      const first = rig.call('A.one').catch((error: unknown) => error);
      await rig.clock.advance(2_000);
      const told = await first;
      expect(told === 1 || (told as { code: string }).code === 'FLAME_LOST').toBe(true);
      const second = rig.call('A.one');
      await rig.clock.advance(2_000);
      expect(await second).toBe('honest');
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
      const drained = rig.pool.drain();
      await rig.clock.advance(60_000);
      await drained;
      expect(rig.clock.pending).toBe(0);
    });
  }

  it.each([
    ['returned', (bytes: Uint8Array): Frame => ({ type: 'return', id: 1, value: bytes, held: false })],
    ['threw', (bytes: Uint8Array): Frame => ({ type: 'throw', id: 1, error: bytes, held: false })],
  ])('fails only one call if its handler %s an instance of an unknown class', async (_, frame) => {
    class Late {
      run(): void {}
    }
    const bytes = createCodec({ classes: [Late].map((type) => ({ type })) }).encode(new Late());
    let boots = 0;
    const boot = async (request: { flameParent(): Promise<string> }): Promise<Machine> => {
      boots++;
      const info = JSON.parse(Buffer.from(await request.flameParent(), 'base64').toString()) as ParentInfo;
      return liar(rig, info, [frame(bytes)]);
    };
    const rig: PoolRig = new PoolRig({ 'A.one': async () => 'honest' }, { max: 1 }, { boot });
    const told: unknown = await rig.call('A.one').catch((error: unknown) => error);
    expect(told).toMatchObject({
      code: 'FLAME_ENCODING',
      ran: 'yes',
      message: expect.stringContaining('the class Late is not registered here'),
    });
    expect(boots).toBe(1);
    expect(rig.pool.stats().runners).toHaveLength(1);
    const drained = rig.pool.drain();
    await rig.clock.advance(60_000);
    await drained;
  });

  it('cannot make a caller send more than a window by its credits', async () => {
    const { SendWindow, windowItems } = await import('../../streams/window.js');
    const window = new SendWindow();
    for (let i = 0; i < 1_000; i++) window.grant(Number.MAX_SAFE_INTEGER);
    let sent = 0;
    for (; window.open; sent++) window.sent(1);
    expect(sent).toBe(windowItems);
  });
});

/** A machine whose runner attaches, waits for a call and says what it was told to say. */
function liar(rig: PoolRig, info: ParentInfo, frames: readonly Frame[]): Machine {
  const manifest = { version: '0.0.0', protocol: 1, handlers: ['A.one'], digest: 'd' };
  const link = rig.attachServer.attach(info.token, { runner: info.runner, manifest, pid: 1, host: 'here', node: '20.19.0' });
  let exit!: (exit: MachineExit) => void;
  const exited = new Promise<MachineExit>((resolve) => (exit = resolve));
  link.open({
    frame: ({ type: kind }) => {
      if (kind === 'call') frames.forEach((frame) => link.send(frame));
    },
    closed: () => {},
  });
  return {
    id: 'liar',
    exited,
    stop: async () => exit({ how: 'stopped', text: 'stopped' }),
  };
}
