import { describe, expect, it } from 'vitest';
import { MalformedError } from '../codec/codec.js';
import { createCodec } from '../codec/create-codec.js';
import { itemArgs } from './item-args.js';

const codec = createCodec();

describe('the arguments of an item', () => {
  it('are the captured values, then the item and its index', () => {
    const captured = codec.encode(['a', { b: 1 }]);
    const record = codec.decode(codec.encode({ captured, item: { c: 2 }, index: 7 }));
    expect(itemArgs(record, codec)).toEqual(['a', { b: 1 }, { c: 2 }, 7]);
    expect(itemArgs(codec.decode(codec.encode({ captured, item: undefined, index: 0 })), codec)).toEqual(['a', { b: 1 }, undefined, 0]);
  });

  it.each([
    [undefined],
    [null],
    [[1]],
    [1],
    ['text'],
    [{}],
    [{ item: 1, index: 0 }],
    [{ captured: codec.encode('no array'), item: 1, index: 0 }],
  ])('refuse values that no parent sends: %o', (value) => {
    expect(() => itemArgs(value, codec)).toThrow(MalformedError);
  });
});
