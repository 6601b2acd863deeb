import { beforeEach, describe, expect, it } from 'vitest';
import type { Frame } from '../../core/session/frame.js';
import { CallValues } from './call-values.js';
import { spareMemory } from './spare-memory.js';
import { youngGeneration } from './young-generation.js';

const KiB = 1024;
const MiB = 1024 * KiB;

function call(id: number, args: Uint8Array = Buffer.alloc(0)): Frame {
  return { type: 'call', id, handler: 0, args, mode: 'call', handlerTimeout: 0, linked: true, attempt: 1 };
}

function returned(id: number, bytes: number, held = false): Frame {
  return { type: 'return', id, value: Buffer.alloc(bytes), held };
}

const thrown = (id: number): Frame => ({ type: 'throw', id, error: Buffer.alloc(0), held: false });
const refused = (id: number): Frame => ({ type: 'refuse', id, code: 'FLAME_REFUSED', ran: 'no', reason: '', held: false });
const ended = (id: number): Frame => ({ type: 'ended', id, reason: '' });

/** How many collections follow when so many bytes are read out of shared memory. */
function collections(bytes: number): number {
  const before = youngGeneration.collections;
  youngGeneration.shared(bytes);
  return youngGeneration.collections - before;
}

describe('CallValues', () => {
  let values: CallValues;
  beforeEach(() => {
    // Once left out, once not: the next look begins with nothing.
    youngGeneration.shared(4 * MiB);
    youngGeneration.shared(4 * MiB);
    values = new CallValues();
  });

  describe('requests no collection after a result', () => {
    it('whose call existed at the last collection', () => {
      values.sent(call(1));
      expect(collections(4 * MiB)).toBe(1);
      values.came(returned(1, 4 * MiB));
      expect(collections(4 * MiB)).toBe(0);
      values.sent(call(2));
      values.came(returned(2, 4 * MiB));
      expect(collections(4 * MiB)).toBe(1);
    });

    it('whose call existed before another call was sent', () => {
      values.sent(call(1));
      expect(collections(4 * MiB)).toBe(1);
      values.sent(call(2));
      values.came(returned(1, 4 * MiB));
      expect(collections(4 * MiB)).toBe(0);
      values.came(returned(2, 4 * MiB));
      expect(collections(4 * MiB)).toBe(1);
    });
  });

  describe('requests no collection after arguments', () => {
    it('while their call runs', () => {
      values.came(call(1, Buffer.alloc(4 * MiB)));
      expect(collections(4 * MiB)).toBe(0);
    });

    it.each<[string, Frame]>([
      ['returned', returned(1, 0)],
      ['threw', thrown(1)],
      ['was refused', refused(1)],
      ['ended', ended(1)],
    ])('but when it %s', (_, frame) => {
      values.came(call(1, Buffer.alloc(4 * MiB)));
      values.sent(frame);
      expect(collections(4 * MiB)).toBe(1);
    });

    it('while its resources are held', () => {
      values.came(call(1, Buffer.alloc(4 * MiB)));
      values.sent(returned(1, 0, true));
      expect(collections(4 * MiB)).toBe(0);
    });
  });

  describe('reuses the memory of arguments', () => {
    const size = 333 * KiB;
    const usedAgain = (args: Buffer): boolean => spareMemory.take(size).buffer === args.buffer;

    it.each<[string, Frame]>([
      ['returned', returned(1, 0)],
      ['threw', thrown(1)],
    ])('when the call %s, once', (_, frame) => {
      const args = spareMemory.take(size);
      values.sent(call(1, args));
      expect(usedAgain(args)).toBe(false);
      values.came(frame);
      expect(usedAgain(args)).toBe(true);
      values.came(frame);
      expect(usedAgain(args)).toBe(false);
    });

    it('but not when the call was refused and may be sent to another runner', () => {
      const args = spareMemory.take(size);
      values.sent(call(1, args));
      values.came(refused(1));
      values.came(returned(1, 0));
      expect(usedAgain(args)).toBe(false);
    });
  });
});
