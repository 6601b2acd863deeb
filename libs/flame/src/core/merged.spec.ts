import { setFlagsFromString } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { merged } from './merged.js';

describe('merged', () => {
  it('has the properties of both, and those of the second where both have one', () => {
    const one = { a: 1, b: 2 };
    expect(merged(one, { b: 3, c: 4 })).toEqual({ a: 1, b: 3, c: 4 });
    expect(one).toEqual({ a: 1, b: 2 });
  });

  it('gives all that are made of the same kinds one hidden class', () => {
    setFlagsFromString('--allow-natives-syntax');
    const haveSameMap = new Function('one', 'other', 'return %HaveSameMap(one, other)') as (one: object, other: object) => boolean;
    const of = (i: number) => merged({ id: i, name: `${i}`, none: undefined }, { ended: () => i, kind: 'x' });
    // Shapes settle as values of other kinds come.
    const [, , , one, ...others] = Array.from({ length: 100 }, (_, i) => of(i)) as [object, object, object, object, ...object[]];
    expect(others.filter((other) => !haveSameMap(one, other))).toEqual([]);
  });
});
