import { describe, expect, it } from 'vitest';
import { carryAll } from './context-carrier.js';
import type { NamedContextCarrier } from './context-carrier.js';

describe('carryAll', () => {
  const inside: string[] = [];
  const carrier = (name: string, value: unknown): NamedContextCarrier => ({
    name,
    capture: () => value,
    run(given, next) {
      inside.push(`${name}=${String(given)}`);
      next();
      inside.pop();
    },
  });
  const enter = (one: ReturnType<typeof carryAll>, values: Record<string, unknown>): string[] => {
    const seen: string[] = [];
    one.run(values, () => seen.push(...inside));
    return seen;
  };

  it('captures by name, and passes each carrier its own value, the first one outermost', () => {
    const one = carryAll([carrier('a', 1), carrier('b', 'two')]);
    expect(one.capture()).toEqual({ a: 1, b: 'two' });
    expect(enter(one, { a: 1, b: 'two' })).toEqual(['a=1', 'b=two']);
  });

  it('omits carriers that have captured nothing', () => {
    const one = carryAll([carrier('a', undefined), carrier('b', null)]);
    expect(one.capture()).toEqual({ b: null });
    expect(enter(one, { b: null })).toEqual(['b=null']);
  });

  it('captures nothing if no carrier has captured a value', () => {
    expect(carryAll([carrier('a', undefined)]).capture()).toBeUndefined();
  });
});
