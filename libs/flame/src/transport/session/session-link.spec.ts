import { AsyncResource } from 'node:async_hooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Frame } from '../../core/session/frame.js';
import { SystemClock } from '../../system/system-clock.js';
import type { Pipe } from './pipe.js';
import { SessionLink } from './session-link.js';
import { spareMemory } from './large-values.js';

/** Two ends of a session, each of which writes to the other. */
function pair(): [SessionLink, SessionLink] {
  const options = { peer: 'the other end', clock: new SystemClock(), maxPayload: 2 ** 20, reconnectTimeout: 1_000 };
  const ends = ['parent', 'runner'].map((end) => new SessionLink({ ...options, scope: new AsyncResource(end) })) as [
    SessionLink,
    SessionLink,
  ];
  const pipes: Pipe[] = [];
  for (const end of ends) {
    pipes.push({
      write: (packet, written) => {
        // A copy, as a socket makes one: the memory of the packet is used again.
        const bytes = Buffer.from(packet);
        setImmediate(() => {
          const there = end === ends[0] ? 1 : 0;
          ends[there].packet(pipes[there]!, bytes);
          written();
        });
      },
      end: () => {},
      destroy: () => {},
    });
  }
  for (const [index, end] of ends.entries()) {
    end.connect(pipes[index]!, 0);
    onTestFinished(() => end.drop('the test is over'));
  }
  return ends;
}

/** The next frame that arrives at `link`. */
function frameAt(link: SessionLink): Promise<Frame> {
  return new Promise((resolve) => link.open({ frame: resolve, closed: () => {} }));
}

describe('SessionLink', () => {
  it('reuses the memory of arguments when their call has an answer, and not before', async () => {
    // Arguments that leave in one piece: the memory of those that leave in chunks is not used again.
    const size = 45 * 1024;
    /** Whether any spare buffer of that size is the arguments'. Those of sent packets are spare, too. */
    const isSpare = (args: Buffer): boolean => Array.from({ length: 20 }, () => spareMemory.take(size).buffer).includes(args.buffer);
    const [parent, runner] = pair();
    const args = spareMemory.take(size);
    const [call, answer] = [frameAt(runner), frameAt(parent)];
    parent.send({ type: 'call', id: 1, handler: 0, args, mode: 'call', handlerTimeout: 0, linked: true, attempt: 1 });
    expect((await call).type).toBe('call');
    expect(isSpare(args)).toBe(false);
    runner.send({ type: 'return', id: 1, value: Buffer.from('done'), held: false });
    expect((await answer).type).toBe('return');
    expect(isSpare(args)).toBe(true);
  });
});
