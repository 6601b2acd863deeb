import type { Frame } from '../../core/session/frame.js';
import { writeHead } from '../protocol/frame-writer.js';
import { payloadOf } from '../protocol/wire-frame.js';
import type { PacketDraft } from '../protocol/packet.js';
import { ProtoWriter } from '../protocol/protobuf.js';

/** A large frame that leaves in chunks. Its payload is sliced where it lies. */
export class ChunkedFrame {
  /** The call it belongs to, 0 for none. */
  readonly id: number;
  /** Frames of the same call that were given later: they wait until all chunks of this frame have left. */
  readonly behind: Frame[] = [];
  /** How many packets had been begun when the frame was given; its chunks must not overtake those. */
  readonly after: number;
  readonly frame: Frame;
  readonly #number: number;
  readonly #total: number;
  /** What has not left: the fields, then the payload. */
  #pieces: Uint8Array[];
  #left: number;

  constructor(frame: Frame, number: number, after: number) {
    this.id = 'id' in frame ? frame.id : 0;
    this.after = after;
    this.frame = frame;
    this.#number = number;
    const head = new ProtoWriter(256);
    writeHead(head, frame);
    this.#pieces = [head.bytes.subarray(0, head.at), payloadOf(frame) ?? none].filter((piece) => piece.length > 0);
    this.#total = this.#left = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** Bytes that have not left. */
  get left(): number {
    return this.#left;
  }

  /** Puts up to `size` bytes into a packet. */
  fill(draft: PacketDraft, size: number): void {
    const total = this.#left === this.#total ? this.#total : 0;
    const length = Math.min(size, this.#left);
    draft.reserve(length + 64);
    draft.addPieces({ type: 'chunk', id: this.#number, total, bytes: none }, this.#take(length));
    this.#left -= length;
  }

  #take(length: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    for (let room = length; room > 0;) {
      const piece = this.#pieces[0]!;
      const bytes = piece.length > room ? piece.subarray(0, room) : piece;
      if (bytes === piece) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(room);
      taken.push(bytes);
      room -= bytes.length;
    }
    return taken;
  }
}

const none = new Uint8Array(0);
