/** What `receive` says of a packet: take it in; it was here before; packets before it are missing, which no honest peer does. */
export type Receipt = 'fresh' | 'duplicate' | 'gap';

/**
 * The books of one end of a session, across connections: numbers the packets that leave and keeps them until the other
 * end has confirmed them, takes in every packet of the other end once. The idea is TCP's (RFC 9293), with packets for
 * bytes: cumulative acknowledgements, and everything after the last one is sent again when a connection broke.
 *
 * It needs no timer: acknowledgements ride on packets that leave anyway, and `owes` says when too much has come in
 * meanwhile for that.
 */
export class Session<Packet extends { readonly length: number }> {
  #sent = 0;
  #confirmed = 0;
  #received = 0;
  #told = 0;
  #untold = 0;
  /** Packets `#confirmed + 1` to `#sent`. */
  readonly #kept: Packet[] = [];
  #keptBytes = 0;
  readonly #limits: SessionLimits;
  readonly #onConfirmed: ((packet: Packet, number: number) => void) | undefined;

  /** `onConfirmed` is told of each packet that need not be kept any more. */
  constructor(limits: Partial<SessionLimits> = {}, onConfirmed?: (packet: Packet, number: number) => void) {
    this.#limits = { ...defaultLimits, ...limits };
    this.#onConfirmed = onConfirmed;
  }

  /** The number of the packet that leaves next. */
  get next(): number {
    return this.#sent + 1;
  }

  /** The highest number taken in, without a gap before it: what every packet acknowledges. */
  get received(): number {
    return this.#received;
  }

  /** So much is unconfirmed that nothing new should leave: the other end is slow, or away. */
  get full(): boolean {
    return this.#keptBytes >= this.#limits.keep;
  }

  /** Bytes that the other end has not confirmed. */
  get underWay(): number {
    return this.#keptBytes;
  }

  /** An acknowledgement should be sent by itself, as nothing else that could carry it has left for long. */
  get owes(): boolean {
    return this.#untold >= this.#limits.ackBytes || this.#received - this.#told >= this.#limits.ackPackets;
  }

  /** Something came in that the other end was not told of yet. */
  get untold(): boolean {
    return this.#received > this.#told;
  }

  /** Books packet `next` as sent. */
  sent(packet: Packet): void {
    this.#sent++;
    this.#kept.push(packet);
    this.#keptBytes += packet.length;
    this.told();
  }

  /** Books that the other end was told `received`. */
  told(): void {
    this.#told = this.#received;
    this.#untold = 0;
  }

  /** Books what the other end confirms; false when it confirms what was never sent. Late confirmations change nothing. */
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

  /** Books a packet that came in. */
  receive(number: number, length: number): Receipt {
    if (number <= this.#received) return 'duplicate';
    if (number > this.#received + 1) return 'gap';
    this.#received = number;
    this.#untold += length;
    return 'fresh';
  }

  /** Books bytes that came beside the packets, and that the other end keeps until they are confirmed. */
  took(length: number): void {
    this.#untold += length;
  }

  /** What has to be sent again over a new connection, oldest first. */
  unconfirmed(): readonly Packet[] {
    return [...this.#kept];
  }
}

export interface SessionLimits {
  /** Bytes of unconfirmed packets at which `full` becomes true. */
  readonly keep: number;
  /** Packets taken in without telling, at which `owes` becomes true. */
  readonly ackPackets: number;
  /** The same in bytes. */
  readonly ackBytes: number;
}

/** Bytes taken in that are confirmed by themselves where nothing else tells of them. Who lets less be under way waits for ever. */
export const ackBytes = 64 * 1024;

/** An idle session keeps at most what the other end has not yet had to tell: 64 packets or 64 KiB. */
const defaultLimits: SessionLimits = { keep: 16 * 1024 * 1024, ackPackets: 64, ackBytes };
