import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deadlines, Timed } from './deadlines.js';

/** Counts how often deadlines are looked at: work, in a measure that is the same on every machine. */
class Counted extends Timed {
  static looks = 0;

  constructor() {
    super();
    let at = Infinity;
    Object.defineProperty(this, 'at', {
      get: () => {
        Counted.looks += 1;
        return at;
      },
      set: (value: number) => {
        at = value;
      },
    });
  }
}

describe('Deadlines', () => {
  it('has the earliest deadline on top through any puts, changes and removals', () => {
    const step = fc.record({ what: fc.constantFrom('put', 'put', 'remove'), which: fc.nat(30), at: fc.nat(40) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const deadlines = new Deadlines<Timed>();
        const items = Array.from({ length: 31 }, () => new Timed());
        const inside = new Set<Timed>();
        for (const { what, which, at } of steps) {
          const item = items[which]!;
          if (what === 'remove') {
            deadlines.remove(item);
            inside.delete(item);
          } else {
            item.at = at;
            deadlines.put(item);
            inside.add(item);
          }
          expect(deadlines.top?.at).toBe(inside.size === 0 ? undefined : Math.min(...Array.from(inside, (one) => one.at)));
        }
      }),
    );
  });

  it('costs as much with 100,000 deadlines as with ten, if there are few durations', () => {
    const looks = (count: number): number => {
      const deadlines = new Deadlines<Counted>();
      const durations = [1_000, 30_000, 5_000];
      let now = 0;
      const put = (item: Counted): void => {
        item.at = ++now + durations[now % durations.length]!;
        deadlines.put(item);
      };
      const items = Array.from({ length: count }, () => new Counted());
      items.forEach(put);
      Counted.looks = 0;
      for (let n = 0; n < 1_000; n++) {
        const item = items[(n * 7_919) % count]!;
        deadlines.remove(item);
        put(item);
        expect(deadlines.top).toBeDefined();
      }
      return Counted.looks;
    };
    expect(looks(100_000)).toBeLessThan(looks(10) * 1.2);
  });
});
