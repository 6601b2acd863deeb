import type { Frame } from '../../core/session/frame.js';
import { IdMap } from '../../core/session/id-map.js';
import { ackBytes } from '../../core/session/session.js';
import { spareMemory } from './large-values.js';
import { PacketDraft, writeBare, writeHead } from '../protocol/packet-writer.js';
import { type WireFrame, payloadOf, weightOf } from '../protocol/wire-frame.js';
import { ProtoWriter } from '../protocol/protobuf.js';
import type { RingWriter } from './shared-ring.js';

/** Larger frames leave in chunks. */
const chunksAbove = 256 * 1024;
/** Bytes of a chunk while small frames are sent. A small frame waits for at most one chunk. */
const chunkSize = 32 * 1024;
/** Bytes of a chunk while no small frames are sent: fewer packets are cheaper. */
const quietChunkSize = 1024 * 1024 + 4 * 1024;
/** After this many packets without a small frame, the outbox uses the larger chunk size and the larger limit. */
const quietAfter = 16;
/**
 * While more bytes than this are unconfirmed, the next chunk of a large frame waits: the next small frame leaves behind all bytes that are
 * already in sockets.
 */
const underWay = ackBytes;
/** The same limit while no small frames are sent: no frame waits behind these bytes, and one round trip moves as many. */
const quietUnderWay = 1024 * 1024;
/** When a packet has reached this size, later small frames go into the next packet. */
const packetSize = 128 * 1024;
/** A packet starts with room for at least this many bytes. */
const leastRoom = 238;
/** How many large frames leave at the same time; further ones wait. An inbox takes 64. */
const chunkedAtOnce = 16;

/**
 * The frames of a link that have not left yet, in the order in which they may leave.
 *
 * Small frames are written into the open packet at once. Large frames leave in chunks: each packet carries the available small frames and
 * the next chunk of one large frame, in turns. Later frames of the same call wait until the large frame has left; all other frames overtake
 * it.
 */
export class Outbox {
  #draft: PacketDraft | undefined;
  /** Full drafts, oldest first. */
  readonly #full: PacketDraft[] = [];
  /** Drafts begun and drafts pulled, in total. */
  #begun = 0;
  #pulled = 0;
  /** Large frames that are leaving, the next one first. */
  readonly #chunked: ChunkedFrame[] = [];
  readonly #waiting: ChunkedFrame[] = [];
  #chunkedOf = new IdMap<ChunkedFrame>();
  #chunkedNumber = 0;
  /** Packets without small frames that were pulled since the last packet with small frames added behind a large frame. */
  #quiet = Infinity;
  /** Bytes in full drafts, in large frames, and in frames that wait behind those. */
  #bytes = 0;
  /** Initial size of the next packet: it probably holds as much as the last one. */
  #room = leastRoom;
  #ring: RingWriter | undefined;
  #unsaid = false;

  /** Sends large payloads through shared memory from now on, as long as it has room. */
  share(ring: RingWriter): void {
    this.#ring = ring;
  }

  /** Tells the other end, together with the next frame, that this end reads from shared memory. */
  saySharing(): void {
    this.#unsaid = true;
  }

  /** Tells the other end that this end has too little shared memory. */
  sayShort(): void {
    this.#write({ type: 'short' });
  }

  /** Bytes that have not been pulled. */
  get backlog(): number {
    return this.#bytes + (this.#draft?.length ?? 0) + (this.#ring?.backlog ?? 0);
  }

  /** Unconfirmed bytes below which chunks of large frames may leave. */
  get chunksUnderWay(): number {
    return this.#quiet > quietAfter ? quietUnderWay : underWay;
  }

  get empty(): boolean {
    return this.#draft === undefined && this.#full.length === 0 && this.#chunked.length === 0;
  }

  add(frame: Frame): void {
    if (this.#chunkedOf.size > 0 && 'id' in frame) {
      const chunked = this.#chunkedOf.get(frame.id);
      if (chunked !== undefined) {
        chunked.behind.push(frame);
        this.#bytes += weightOf(frame);
        return;
      }
    }
    const weight = weightOf(frame);
    if (this.#ring !== undefined && weight >= this.#ring.above && this.#shared(this.#ring, frame)) return;
    if (weight > chunksAbove) this.#addChunked(frame);
    else {
      this.#write(frame);
      this.#sent(frame);
    }
  }

  #shared(ring: RingWriter, frame: Frame): boolean {
    const payload = payloadOf(frame);
    const region = payload && payload.length >= ring.above ? ring.put(payload) : undefined;
    if (region === undefined) return false;
    this.#sent(frame);
    const head = new ProtoWriter(64);
    writeBare(head, frame);
    this.#write({ type: 'shared', ...region, head: head.bytes.subarray(0, head.at) });
    return true;
  }

  /**
   * The payload of `frame` has been copied. The arguments of a call are kept until its answer, because its pool may send them again
   * (`LargeValues`).
   */
  #sent(frame: Frame): void {
    if (frame.type === 'return') spareMemory.giveBack(frame.value);
  }

  /** Adds the frame that ends the session, as the last one. The caller has checked that the outbox is empty. */
  addClose(reason: string): void {
    this.#write({ type: 'close', reason });
  }

  /** Returns the next packet, or undefined when there is none. `chunks` allows chunks of large frames in it. */
  pull(seq: number, ack: number, chunks = true): Buffer | undefined {
    let draft = this.#full.shift();
    if (draft !== undefined) this.#bytes -= draft.length;
    else {
      draft = this.#draft;
      this.#draft = undefined;
      if (draft !== undefined) this.#room = Math.max(leastRoom, draft.length);
    }
    if (draft === undefined) this.#quiet++;
    else {
      this.#pulled++;
      if (this.#chunked.length > 0 && this.#chunked[0]!.after < this.#pulled) this.#quiet = 0;
    }
    if (chunks && this.#chunked.length > 0 && this.#chunked[0]!.after <= this.#pulled) {
      this.#fillFrom(
        this.#chunked.shift()!,
        (draft ??= new PacketDraft(undefined, spareMemory)),
        this.#quiet > quietAfter ? quietChunkSize : chunkSize,
      );
    }
    if (draft !== undefined && draft.shared > 0) this.#ring!.seal(seq, draft.shared);
    return draft?.seal(seq, ack);
  }

  /** The other end has taken in all packets up to `seq`: their room in shared memory is free. */
  confirmed(seq: number): void {
    this.#ring?.confirmed(seq);
  }

  /** Drops all frames. */
  clear(): void {
    this.#draft = undefined;
    this.#full.length = this.#chunked.length = this.#waiting.length = this.#bytes = 0;
    this.#chunkedOf = new IdMap();
  }

  #write(frame: WireFrame): void {
    if (this.#draft === undefined) {
      this.#draft = new PacketDraft(this.#room, spareMemory);
      this.#begun++;
    }
    if (this.#unsaid) this.#draft.add({ type: 'sharing' });
    this.#unsaid = false;
    this.#draft.add(frame);
    if (frame.type === 'shared') this.#draft.shared++;
    if (this.#draft.length < packetSize) return;
    this.#bytes += this.#draft.length;
    this.#full.push(this.#draft);
    this.#draft = undefined;
  }

  #addChunked(frame: Frame): void {
    if (this.#chunked.length === 0) this.#quiet = Infinity;
    if (frame.type === 'call') spareMemory.keep(frame.args);
    const chunked = new ChunkedFrame(frame, ++this.#chunkedNumber, this.#begun);
    if (chunked.id !== 0) this.#chunkedOf.set(chunked.id, chunked);
    (this.#chunked.length < chunkedAtOnce ? this.#chunked : this.#waiting).push(chunked);
    this.#bytes += chunked.left;
  }

  #fillFrom(chunked: ChunkedFrame, draft: PacketDraft, size: number): void {
    const before = chunked.left;
    chunked.fill(draft, size);
    this.#bytes -= before - chunked.left;
    if (chunked.left > 0) {
      this.#chunked.push(chunked);
      return;
    }
    this.#chunkedOf.delete(chunked.id);
    this.#sent(chunked.frame);
    const next = this.#waiting.shift();
    if (next !== undefined) this.#chunked.push(next);
    for (const frame of chunked.behind) {
      this.#bytes -= weightOf(frame);
      this.add(frame);
    }
  }
}

/**
 * Calls `action` at the end of this turn of the event loop: after all microtasks, including those queued later, and before any I/O.
 * `nextTick` alone runs before the microtasks, and a microtask runs before later microtasks. Both together run last, and in time for Node's
 * HTTP/2, which writes in the check phase of the turn.
 */
export function endOfTurn(action: () => void): void {
  queueMicrotask(() => process.nextTick(action));
}

/** A large frame that leaves in chunks. Its payload is sliced without a copy. */
class ChunkedFrame {
  /** The call to which the frame belongs; 0 for none. */
  readonly id: number;
  /** Later frames of the same call, which wait until this frame has left. */
  readonly behind: Frame[] = [];
  /** How many packets had been begun when the frame was added. Its chunks must not overtake those packets. */
  readonly after: number;
  readonly frame: Frame;
  readonly #number: number;
  readonly #total: number;
  /** The parts that have not left: the fields, then the payload. */
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
