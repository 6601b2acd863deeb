import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WaitQueue } from './wait-queue.js';
import type { QueueItem } from './wait-queue.js';

class Waiting implements QueueItem<Waiting> {
  ahead: Waiting | undefined;
  behind: Waiting | undefined;
}

describe('WaitQueue', () => {
  it('keeps the order of joining when calls leave from the middle or rejoin at the front', () => {
    const step = fc.record({ what: fc.constantFrom('join', 'rejoin', 'leave', 'serve'), which: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const queue = new WaitQueue<Waiting>();
        const line: Waiting[] = [];
        for (const { what, which } of steps) {
          if (what === 'join') queue.join(line[line.push(new Waiting()) - 1]!);
          else if (what === 'rejoin') queue.rejoin(line[line.unshift(new Waiting()) && 0]!);
          else if (line.length > 0) queue.leave(line.splice(what === 'serve' ? 0 : which % line.length, 1)[0]!);
          expect(queue.size).toBe(line.length);
          expect(queue.first).toBe(line[0]);
          expect([...queue.items()]).toEqual(line);
        }
      }),
    );
  });
});
