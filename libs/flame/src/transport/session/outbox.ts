import type { Frame } from '../../core/session/frame.js';
import { IdMap } from '../../core/session/id-map.js';
import { ackBytes } from '../../core/session/session.js';
import { spareMemory } from './spare-memory.js';
import { writeBare } from '../protocol/frame-writer.js';
import { type WireFrame, payloadOf, weightOf } from '../protocol/wire-frame.js';
import { ChunkedFrame } from './chunked-frame.js';
import { PacketDraft } from '../protocol/packet.js';
import { ProtoWriter } from '../protocol/protobuf.js';
import type { RingWriter } from './shared-ring.js';

/** Frames above this travel in parts. */
const partsAbove = 256 * 1024;
/** How much of a large frame goes into one packet: what a small frame may have to wait for, while there are any. */
const partSize = 32 * 1024;
/** The same while there are none: fewer packets are cheaper. */
const quietPartSize = 1024 * 1024 + 4 * 1024;
/** So many packets without a small frame are quiet. */
const quietAfter = 16;
/** Unconfirmed bytes at which a large frame's next part waits: what lies in sockets is ahead of the next small frame. */
const underWay = ackBytes;
/** The same while it is quiet: what is under way is what a round trip brings, and nobody waits behind it. */
const quietUnderWay = 1024 * 1024;
/** Small frames beyond this go into the next packet. */
const packetSize = 128 * 1024;
/** Bytes that a packet has room for at least, before it grows. */
const leastRoom = 238;
/** Large frames under way at once; more wait. The inbox bears more. */
const lanesAtOnce = 16;

/**
 * What a link has been given to send and has not sent yet, in the order in which it may leave.
 *
 * Small frames are written into the packet under way at once. A large one gets a lane: each packet carries the small
 * frames there are and the next part of one lane, lanes taking turns. Frames of the same call wait behind their lane;
 * all others overtake it.
 */
export class Outbox {
  #draft: PacketDraft | undefined;
  /** Full drafts, oldest first. */
  readonly #full: PacketDraft[] = [];
  /** Drafts begun, and drafts pulled, ever. */
  #begun = 0;
  #pulled = 0;
  /** Lanes under way, the next one first. */
  readonly #lanes: ChunkedFrame[] = [];
  readonly #waiting: ChunkedFrame[] = [];
  #laneOf = new IdMap<ChunkedFrame>();
  #laneNumber = 0;
  /** Packets pulled since the last that held small frames which came beside a large one. */
  #quiet = Infinity;
  /** Bytes in full drafts, lanes and behind lanes. */
  #bytes = 0;
  /** What the next packet is likely to hold: as much as the last. */
  #room = leastRoom;
  #ring: RingWriter | undefined;
  #unsaid = false;

  /** From now on large payloads go through shared memory, as far as it has room. */
  share(ring: RingWriter): void {
    this.#ring = ring;
  }

  /** Tells the other end, with the next frame, that its shared memory is read here. */
  saySharing(): void {
    this.#unsaid = true;
  }

  /** Tells the other end that its values find no shared memory here. */
  sayShort(): void {
    this.#write({ type: 'short' });
  }

  /** Bytes that have not been pulled. */
  get backlog(): number {
    return this.#bytes + (this.#draft?.length ?? 0) + (this.#ring?.backlog ?? 0);
  }

  /** How much may be unconfirmed for parts of large frames to leave. */
  get partsUnderWay(): number {
    return this.#quiet > quietAfter ? quietUnderWay : underWay;
  }

  get empty(): boolean {
    return this.#draft === undefined && this.#full.length === 0 && this.#lanes.length === 0;
  }

  add(frame: Frame): void {
    if (this.#laneOf.size > 0 && 'id' in frame) {
      const lane = this.#laneOf.get(frame.id);
      if (lane !== undefined) {
        lane.behind.push(frame);
        this.#bytes += weightOf(frame);
        return;
      }
    }
    const weight = weightOf(frame);
    if (this.#ring !== undefined && weight >= this.#ring.above && this.#shared(this.#ring, frame)) return;
    if (weight > partsAbove) this.#openLane(frame);
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

  /** The payload of a frame has been copied. The arguments of a call are kept until its answer: its pool may have to send them again (`call-values.ts`). */
  #sent(frame: Frame): void {
    if (frame.type === 'return') spareMemory.giveBack(frame.value);
  }

  /** Puts the session's end behind everything; the caller has seen that the outbox is empty. */
  addClose(reason: string): void {
    this.#write({ type: 'close', reason });
  }

  /** The next packet, or undefined when nothing is left; `parts` allows parts of large frames in it. */
  pull(seq: number, ack: number, parts = true): Buffer | undefined {
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
      if (this.#lanes.length > 0 && this.#lanes[0]!.after < this.#pulled) this.#quiet = 0;
    }
    if (parts && this.#lanes.length > 0 && this.#lanes[0]!.after <= this.#pulled) {
      this.#fillFrom(
        this.#lanes.shift()!,
        (draft ??= new PacketDraft(undefined, spareMemory)),
        this.#quiet > quietAfter ? quietPartSize : partSize,
      );
    }
    if (draft !== undefined && draft.shared > 0) this.#ring!.seal(seq, draft.shared);
    return draft?.seal(seq, ack);
  }

  /** Forgets everything. */
  clear(): void {
    this.#draft = undefined;
    this.#full.length = this.#lanes.length = this.#waiting.length = this.#bytes = 0;
    this.#laneOf = new IdMap();
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

  #openLane(frame: Frame): void {
    if (this.#lanes.length === 0) this.#quiet = Infinity;
    if (frame.type === 'call') spareMemory.keep(frame.args);
    const lane = new ChunkedFrame(frame, ++this.#laneNumber, this.#begun);
    if (lane.id !== 0) this.#laneOf.set(lane.id, lane);
    (this.#lanes.length < lanesAtOnce ? this.#lanes : this.#waiting).push(lane);
    this.#bytes += lane.left;
  }

  #fillFrom(lane: ChunkedFrame, draft: PacketDraft, size: number): void {
    const before = lane.left;
    lane.fill(draft, size);
    this.#bytes -= before - lane.left;
    if (lane.left > 0) {
      this.#lanes.push(lane);
      return;
    }
    this.#laneOf.delete(lane.id);
    this.#sent(lane.frame);
    const next = this.#waiting.shift();
    if (next !== undefined) this.#lanes.push(next);
    for (const frame of lane.behind) {
      this.#bytes -= weightOf(frame);
      this.add(frame);
    }
  }
}
