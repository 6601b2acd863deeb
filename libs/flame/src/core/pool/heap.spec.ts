import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heap } from './heap.js';

interface Item {
  value: number;
  heapIndex: number;
}

const least = (a: Item, b: Item): boolean => a.value < b.value;

describe('Heap', () => {
  it('has the least item on top through any puts, changes and removals', () => {
    const step = fc.record({ what: fc.constantFrom('put', 'change', 'remove'), which: fc.nat(20), value: fc.nat(50) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new Heap<Item>(least);
        const items: Item[] = Array.from({ length: 21 }, () => ({ value: 0, heapIndex: -1 }));
        const inside = new Set<Item>();
        for (const { what, which, value } of steps) {
          const item = items[which]!;
          if (what === 'remove') {
            heap.remove(item);
            inside.delete(item);
          } else if (what === 'put' || inside.has(item)) {
            item.value = value;
            heap.put(item);
            inside.add(item);
          }
          expect(heap.size).toBe(inside.size);
          expect(heap.top?.value).toBe(inside.size === 0 ? undefined : Math.min(...Array.from(inside, (one) => one.value)));
        }
      }),
    );
  });
});
