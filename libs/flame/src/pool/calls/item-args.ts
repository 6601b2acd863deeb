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

  get record(): ItemRecord {
    return { captured: this.captured, item: this.item, index: this.index };
  }

  /** The error for the caller when the item cannot be encoded. It has no cause: its message contains the whole text of the cause. */
  cannotCross(label: string, error: unknown): unknown {
    if (!(error instanceof UnencodableError)) return error;
    return new FlameError('FLAME_ENCODING', `item ${this.index} of ${label} cannot cross to a runner: ${error.message}`);
  }
}
