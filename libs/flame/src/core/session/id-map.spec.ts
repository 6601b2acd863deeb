import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdMap } from './id-map.js';

describe('IdMap', () => {
  it('behaves like a Map through any order of sets and deletions', () => {
    // Few ids, and ones that share their place in a small table.
    const id = fc.oneof(
      fc.nat(20),
      fc.nat(20).map((n) => n * 8),
      fc.nat(1_000_000),
    );
    const step = fc.record({ id, remove: fc.boolean(), value: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const map = new IdMap<{ value: number }>();
        const model = new Map<number, { value: number }>();
        for (const { id, remove, value } of steps) {
          if (remove) {
            map.delete(id);
            model.delete(id);
          } else {
            const entry = { value };
            map.set(id, entry);
            model.set(id, entry);
          }
          expect(map.size).toBe(model.size);
          expect(map.has(id)).toBe(model.has(id));
        }
        for (const step of steps) expect(map.get(step.id)).toBe(model.get(step.id));
        const ids = [...model.keys()].sort((a, b) => a - b);
        expect(map.ids()).toEqual(ids);
        expect(map.values()).toEqual(ids.map((id) => model.get(id)));
      }),
    );
  });
});
