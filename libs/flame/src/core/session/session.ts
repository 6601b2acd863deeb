/** The result of `receive`: a new packet, a duplicate, or a gap, which only a faulty peer causes. */
export type Receipt = 'fresh' | 'duplicate' | 'gap';

/**
 * The state of one side of a session, across connections. Numbers outgoing packets and keeps them until the other side has acknowledged
 * them; accepts each incoming packet once. As in TCP (RFC 9293), with packets instead of bytes, acknowledgements are cumulative, and after
 * a broken connection everything after the last acknowledgement is sent again.
 *
 * Needs no timer: outgoing packets carry the acknowledgements, and `owes` says when one must be sent by itself.
 */
export class Session<Packet extends { readonly length: number }> {
  #sent = 0;
  #confirmed = 0;
  #received = 0;
  #acknowledged = 0;
  #unacknowledged = 0;
  /** Packets `#confirmed + 1` to `#sent`. */
  readonly #kept: Packet[] = [];
  #keptBytes = 0;
  readonly #limits: SessionLimits;
  readonly #onConfirmed: ((packet: Packet, number: number) => void) | undefined;

  /** `onConfirmed` is called for each packet that has been acknowledged and is no longer kept. */
  constructor(limits: Partial<SessionLimits> = {}, onConfirmed?: (packet: Packet, number: number) => void) {
    this.#limits = { ...defaultLimits, ...limits };
    this.#onConfirmed = onConfirmed;
  }

  /** The number of the next outgoing packet. */
  get next(): number {
    return this.#sent + 1;
  }

  /** The highest number received without a gap. Every outgoing packet acknowledges it. */
  get received(): number {
    return this.#received;
  }

  /** True if so much is unacknowledged that no new packet should be sent: the other side is slow or disconnected. */
  get full(): boolean {
    return this.#keptBytes >= this.#limits.keep;
  }

  /** Bytes that the other side has not acknowledged. */
  get underWay(): number {
    return this.#keptBytes;
  }

  /** True if an acknowledgement must be sent by itself, because no outgoing packet has carried one for long. */
  get mustAcknowledge(): boolean {
    return this.#unacknowledged >= this.#limits.ackBytes || this.#received - this.#acknowledged >= this.#limits.ackPackets;
  }

  /** True if something was received that has not been acknowledged yet. */
  get unacknowledged(): boolean {
    return this.#received > this.#acknowledged;
  }

  /** Records that packet `next` was sent. */
  sent(packet: Packet): void {
    this.#sent++;
    this.#kept.push(packet);
    this.#keptBytes += packet.length;
    this.acknowledged();
  }

  /** Records that `received` was acknowledged to the other side. */
  acknowledged(): void {
    this.#acknowledged = this.#received;
    this.#unacknowledged = 0;
  }

  /**
   * Records an acknowledgement of the other side. Returns false if it acknowledges a packet that was never sent. Late ones have no effect.
   */
  confirm(upTo: number): boolean {
    if (upTo > this.#sent) return false;
    while (this.#confirmed < upTo) {
      const packet = this.#kept.shift()!;
      this.#keptBytes -= packet.length;
      this.#confirmed++;
      this.#onConfirmed?.(packet, this.#confirmed);
    }
    return true;
  }

  /** Records an incoming packet. */
  receive(number: number, length: number): Receipt {
    if (number <= this.#received) return 'duplicate';
    if (number > this.#received + 1) return 'gap';
    this.#received = number;
    this.#unacknowledged += length;
    return 'fresh';
  }

  /** Records bytes that came beside the packets, which the other side also keeps until they are acknowledged. */
  took(length: number): void {
    this.#unacknowledged += length;
  }

  /** The packets that must be sent again over a new connection, oldest first. */
  unconfirmed(): readonly Packet[] {
    return [...this.#kept];
  }
}

export interface SessionLimits {
  /** Bytes of unacknowledged packets from which on `full` is true. */
  readonly keep: number;
  /** Received, unacknowledged packets from which on `owes` is true. */
  readonly ackPackets: number;
  /** The same in bytes. */
  readonly ackBytes: number;
}

/** Received bytes after which an acknowledgement is sent by itself. A sender with a smaller window would wait forever. */
export const ackBytes = 64 * 1024;

/** An idle session keeps at most what the other side need not acknowledge yet: 64 packets or 64 KiB. */
const defaultLimits: SessionLimits = { keep: 16 * 1024 * 1024, ackPackets: 64, ackBytes };
