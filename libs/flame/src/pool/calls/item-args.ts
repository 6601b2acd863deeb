import { UnencodableError } from '../../core/codec/codec.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { ItemRecord } from '../../core/map/item-args.js';

/** The arguments of a call for one item of a map: the captured values, encoded once for all items, the item and its index. */
export class ItemArgs {
  constructor(
    /** Undefined if the function captures nothing. */
    readonly captured: Uint8Array | undefined,
    readonly item: unknown,
    readonly index: number,
  ) {}

  /** What is encoded: the arguments themselves if there are no captured values. */
  get record(): unknown[] | ItemRecord {
    const { captured, item, index } = this;
    return captured === undefined ? [item, index] : { captured, item, index };
  }

  /** The error for the caller when the item cannot be encoded. It has no cause: its message contains the whole text of the cause. */
  cannotCross(label: string, error: unknown): unknown {
    if (!(error instanceof UnencodableError)) return error;
    const path = error.path.replace(/^\[0\]/, 'item');
    return new FlameError('FLAME_ENCODING', `item ${this.index} of ${label} cannot cross to a runner: ${path}: ${error.reason}`);
  }
}
