import { createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NestedContext } from './nested-context.js';

const keys = Array.from({ length: 4 }, (_, i) => createContextKey(`key ${i}`));
const place = fc.nat(keys.length - 1);
const step = fc.oneof(fc.record({ key: place, value: fc.nat(100) }), fc.record({ key: place }));

function take(steps: readonly { key: number; value?: number }[], from: Context): Context {
  return steps.reduce(
    (context, { key, value }) => (value === undefined ? context.deleteValue(keys[key]!) : context.setValue(keys[key]!, value)),
    from,
  );
}

const valuesOf = (context: Context): unknown[] => keys.map((key) => context.getValue(key));

describe('NestedContext', () => {
  it('behaves like OpenTelemetry’s own through sets and deletes, and does not change its parent', () => {
    fc.assert(
      fc.property(fc.array(step), fc.array(step), (before, after) => {
        const around = take(before, ROOT_CONTEXT);
        const kept = valuesOf(around);
        const nested = take(after, new NestedContext(around));
        expect(valuesOf(nested)).toEqual(valuesOf(take(after, around)));
        expect(valuesOf(around)).toEqual(kept);
      }),
    );
  });

  it('is no deeper than it has keys, however often they are set', () => {
    let asked = 0;
    const around: Context = { ...ROOT_CONTEXT, getValue: () => void asked++, setValue: () => around, deleteValue: () => around };
    let nested = new NestedContext(around);
    for (let i = 0; i < 100_000; i++) nested = nested.setValue(keys[i % 3]!, i);
    expect(nested.getValue(keys[0]!)).toBe(99_999);
    // Recursion a hundred thousand deep would end in a RangeError.
    expect(nested.getValue(keys[3]!)).toBeUndefined();
    expect(asked).toBe(1);
  });
});
