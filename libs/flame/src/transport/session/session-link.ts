import type { AsyncResource } from 'node:async_hooks';
import type { Frame } from '../../core/session/frame.js';
import { Delivery } from './delivery.js';
import { Inbox, TurnSize } from './inbox.js';
import { LargeValues, PacketSession, youngGeneration } from './large-values.js';
import type { Link, LinkEnd, LinkReceiver } from './link.js';
import { endOfTurn, Outbox } from './outbox.js';
import { readNumbers } from '../protocol/packet-reader.js';
import { ackPacket } from '../protocol/packet-writer.js';
import { ProtoReader, Violation } from '../protocol/protobuf.js';
import type { Pipe, SessionLinkOptions } from './pipe.js';
import { SharedSession } from './shared-memory.js';
import type { SharedFiles } from './shared-memory.js';

/**
 * A link over connections that come and go. It owns the session's state, the outbox, the inbox, and one timer, for a broken connection or
 * an unconfirmed `close`. Its owner makes the connections and passes them to `connect`.
 *
 * The way of a frame: `send` adds it to the outbox. At the end of the turn of the event loop, `#pump` pulls packets out of the outbox. A
 * packet has frames, or parts of large ones, its own number (`seq`), and the number of the last packet that this end has read (`ack`). The
 * session keeps it until the other end confirms it, and sends it again over the next connection. At the other end, `packet` checks the
 * number, `#read` reads as many frames as one turn may, the inbox joins the parts, and the delivery passes the frames to the receiver.
 *
 * With shared memory (`share`) large values take another way: see `SharedSession`.
 */
export class SessionLink implements Link {
  readonly #options: SessionLinkOptions;
  readonly #session = new PacketSession();
  readonly #turnSize = new TurnSize();
  readonly #largeValues = new LargeValues();
  readonly #outbox = new Outbox();
  readonly #inbox: Inbox;
  readonly #delivery: Delivery;
  readonly #scope: AsyncResource;
  #pipe: Pipe | undefined;
  #shared: SharedSession | undefined;
  #suspended = false;
  /** Incoming packets that have not been read to their end, oldest first. */
  readonly #unread: ProtoReader[] = [];
  #written: () => void = () => {};
  /** Packets that must be sent again, oldest first. */
  #again: Buffer[] = [];
  /** Bytes of the packet that the pipe is writing; 0 when the pipe can take the next packet. */
  #flying = 0;
  #flushing = false;
  #stopTimer: () => void = () => {};
  /** Set by `close`. `sentAs` is the number of the packet that holds the `close` frame; Infinity until it leaves. */
  #closing: { reason: string; sentAs: number; over: Promise<void>; done: () => void } | undefined;
  #over = false;

  constructor(options: SessionLinkOptions) {
    this.#options = options;
    this.#scope = options.scope;
    this.#delivery = new Delivery((reason) => this.#violated(reason));
    this.#inbox = new Inbox(options.maxPayload, {
      frame: (frame) => {
        this.#turnSize.came(frame);
        if (this.#over || this.#closing !== undefined) return;
        this.#largeValues.came(frame);
        this.#delivery.frame(frame);
      },
      close: (reason) => this.#end({ how: 'left', reason }),
      sharing: () => this.#shared?.send(this.#outbox),
      short: () => this.#options.onShort?.(),
    });
  }

  get backlog(): number {
    return this.#over ? 0 : this.#outbox.backlog + this.#flying;
  }

  /**
   * The highest number of a packet that was read to its end, including its values in shared memory. This end confirms this number, and a
   * new connection starts with it.
   */
  get received(): number {
    return this.#session.received - this.#unread.length;
  }

  get over(): boolean {
    return this.#over;
  }

  /**
   * Sends large values through shared memory. From now on the link owns `files`. It reads incoming values at once. It writes outgoing
   * values there as soon as the other end has opened the files: a runner opens them at once and says so with its first frame.
   */
  share(files: SharedFiles, end: 'parent' | 'runner'): void {
    const short = (): void => (end === 'parent' ? this.#options.onShort?.() : this.#outbox.sayShort());
    this.#shared = new SharedSession(files, this.#options.clock, { idle: () => this.#acknowledge(), short });
    this.#shared.receive(this.#inbox);
    if (end === 'runner') this.#shared.send(this.#outbox).saySharing();
  }

  send(frame: Frame): void {
    if (this.#over || this.#closing !== undefined) return;
    this.#turnSize.sent(frame);
    this.#largeValues.sent(frame);
    this.#outbox.add(frame);
    if (!this.#flushing) this.#flushLater();
  }

  open(receiver: LinkReceiver): void {
    this.#scope.runInAsyncScope(() => this.#delivery.open(receiver));
  }

  close(reason: string): Promise<void> {
    if (this.#closing !== undefined || this.#over) return this.#closing?.over ?? Promise.resolve();
    let done = (): void => {};
    const over = new Promise<void>((resolve) => (done = resolve));
    this.#closing = { reason, sentAs: Infinity, over, done };
    if (this.#pipe !== undefined) this.#armTimer();
    if (!this.#flushing) this.#flushLater();
    return over;
  }

  /** Continues over a new connection, and drops an older one. `received` is the highest packet number that the other end has taken in. */
  connect(pipe: Pipe, received: number): void {
    if (this.#over) return pipe.destroy('the session has ended');
    if (this.#pipe !== undefined) this.broke(this.#pipe, 'another connection replaced it');
    const resumed = this.#suspended;
    this.#suspended = false;
    this.#stopTimer();
    this.#pipe = pipe;
    this.#flying = 0;
    if (!this.#confirm(received)) return this.#violated(`it confirms packet ${received}, which was never sent`);
    this.#again = [...this.#session.unconfirmed()];
    this.#written = () => {
      if (this.#pipe !== pipe) return;
      this.#flying = 0;
      this.#pump();
    };
    if (this.#closing !== undefined) this.#armTimer();
    if (resumed) this.#scope.runInAsyncScope(() => this.#delivery.resumed());
    this.#pump();
  }

  /** A packet has arrived over `pipe`. */
  packet(pipe: Pipe, bytes: Uint8Array): void {
    if (pipe === this.#pipe) this.#scope.runInAsyncScope(this.#take, this, bytes);
  }

  /** `pipe` broke. */
  broke(pipe: Pipe, why: string): void {
    if (pipe !== this.#pipe || this.#over) return;
    this.#pipe = undefined;
    this.#suspended = true;
    pipe.destroy(why);
    this.#armTimer(why);
    this.#scope.runInAsyncScope(() => this.#delivery.suspended());
    this.#scope.runInAsyncScope(() => this.#options.onSuspended?.(why));
  }

  drop(reason: string): void {
    this.#end({ how: 'closed', reason });
  }

  /** Gives up the session: the other end is out of reach, or does not have this session any more. */
  cut(why: string): void {
    this.#end({ how: 'cut', reason: why });
  }

  #take(bytes: Uint8Array): void {
    youngGeneration.carried(bytes.length);
    try {
      const from = new ProtoReader(bytes);
      const { seq, ack } = readNumbers(from);
      if (!this.#confirm(ack)) throw new Violation(`it confirms packet ${ack}, which was never sent`);
      if (this.#closing !== undefined) {
        this.#armTimer();
        if (ack >= this.#closing.sentAs) return this.#end({ how: 'left', reason: 'it confirmed the close' });
      }
      if (seq === 0) {
        if (!from.done) throw new Violation('a packet with frames has no number');
      } else {
        const receipt = this.#session.receive(seq, bytes.length);
        if (receipt === 'gap') throw new Violation(`packet ${seq} came after packet ${this.#session.received}`);
        if (receipt === 'fresh' && this.#unread.push(from) === 1) this.#read();
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return this.#violated(error.message);
    }
    // Unblocked frames and acknowledgements leave together with the answers of this turn.
    if (!this.#flushing && (this.#session.mustAcknowledge || this.#outbox.backlog > 0)) this.#flushLater();
  }

  /** Reads as many frames as one turn of the event loop may. @throws {Violation} when a packet breaks the protocol. */
  #read(): void {
    const before = this.#inbox.shared;
    const left = this.#turnSize.limit();
    while (this.#unread.length > 0 && this.#inbox.read(this.#unread[0]!, left)) this.#unread.shift();
    this.#session.took(this.#inbox.shared - before);
    if (this.#unread.length > 0) setImmediate(this.#readOn);
  }

  readonly #readOn = (): void => {
    this.#scope.runInAsyncScope(() => {
      try {
        this.#read();
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        this.#violated(error.message);
      }
    });
  };

  #confirm(upTo: number): boolean {
    if (!this.#session.confirm(upTo)) return false;
    this.#outbox.confirmed(upTo);
    return true;
  }

  #flushLater(): void {
    this.#flushing = true;
    endOfTurn(this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushing = false;
    this.#pump();
  };

  #pump(): void {
    while (this.#pipe !== undefined && this.#flying === 0) {
      const packet = this.#again.shift() ?? this.#pull();
      if (packet === undefined) break;
      youngGeneration.carried((this.#flying = packet.length));
      this.#pipe.write(packet, this.#written);
    }
    if (this.#session.mustAcknowledge) this.#acknowledge();
  }

  /** Confirms the packets that have arrived. */
  #acknowledge(): void {
    if (this.#pipe === undefined || !this.#session.unacknowledged) return;
    this.#session.acknowledged();
    this.#pipe.write(ackPacket(this.received), () => {});
  }

  #pull(): Buffer | undefined {
    if (this.#session.full) return undefined;
    const closing = this.#closing;
    if (closing !== undefined && closing.sentAs === Infinity && this.#outbox.empty) {
      this.#outbox.addClose(closing.reason);
      closing.sentAs = this.#session.next;
    }
    const packet = this.#outbox.pull(this.#session.next, this.received, this.#session.underWay < this.#outbox.chunksUnderWay);
    if (packet !== undefined) this.#session.sent(packet);
    return packet;
  }

  #armTimer(broke?: string): void {
    this.#stopTimer();
    const { clock, reconnectTimeout, closeTimeout = reconnectTimeout, peer } = this.#options;
    const limit = broke === undefined ? closeTimeout : reconnectTimeout;
    const how = `broke (${broke ?? 'no answer'}) and was not restored within ${limit} ms`;
    this.#stopTimer = clock.after(limit, () => this.#end({ how: 'cut', reason: `the connection to ${peer} ${how}` }));
  }

  #violated(reason: string): void {
    if (this.#over) return;
    this.#outbox.clear();
    this.#outbox.addClose(`protocol violation: ${reason}`);
    this.#pipe?.write(this.#outbox.pull(this.#session.next, this.#session.received)!, () => {});
    this.#end({ how: 'violation', reason });
  }

  /** Only the first end counts. After `close`, every cause except `violation` is reported as `closed`. */
  #end(cause: LinkEnd): void {
    if (this.#over) return;
    const closing = this.#closing;
    const end: LinkEnd = closing === undefined || cause.how === 'violation' ? cause : { how: 'closed', reason: closing.reason };
    this.#over = true;
    this.#stopTimer();
    this.#outbox.clear();
    this.#unread.length = 0;
    this.#again = [];
    this.#flying = 0;
    const pipe = this.#pipe;
    this.#pipe = undefined;
    if (pipe !== undefined) {
      // The other end's `close` waits for this confirmation.
      if (cause.how === 'left') pipe.write(ackPacket(this.#session.received), () => {});
      pipe.end();
    }
    this.#shared?.close();
    closing?.done();
    this.#options.onEnded?.(end);
    this.#scope.runInAsyncScope(() => this.#delivery.closed(end));
  }
}
