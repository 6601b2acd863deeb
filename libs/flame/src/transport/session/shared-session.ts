import type { Clock } from '../../core/clock.js';
import type { SharedFiles } from './shared-memory.js';
import type { Inbox } from './inbox.js';
import type { Outbox } from './outbox.js';
import type { RingReader, RingWriter } from './shared-ring.js';

/** Time without a value after which memory goes back, and time after which a shortage may be over. */
const idleAfter = 500;

/** What the user of a session's files is told. */
export interface SharedListener {
  /** No value passes any more: what has come in should be confirmed, so that the other end can let go of it. */
  idle(): void;
  /** The first value found no room for want of memory. */
  short(): void;
}

/** The shared files of one session: gives their memory back when no value passes, and looks for more after a shortage. It owns them and a timer. */
export class SharedSession {
  readonly #incoming: RingReader;
  readonly #outgoing: RingWriter;
  readonly #clock: Clock;
  readonly #listener: SharedListener;
  #active = false;
  #told = false;
  #stopTimer: (() => void) | undefined;
  #closed = false;

  constructor({ incoming, outgoing }: SharedFiles, clock: Clock, listener: SharedListener) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#clock = clock;
    this.#listener = listener;
    outgoing.watch({ used: this.#used, short: this.#short });
  }

  /** Has an inbox read the other end's values. */
  receive(inbox: Inbox): void {
    inbox.share(this.#incoming, this.#used);
  }

  /** Has an outbox, which it gives back, write its values. */
  send(outbox: Outbox): Outbox {
    outbox.share(this.#outgoing);
    return outbox;
  }

  /** The other end has taken in all packets up to `seq`. */
  confirmed(seq: number): void {
    this.#outgoing.confirmed(seq);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTimer?.();
    this.#outgoing.close();
    this.#incoming.close();
  }

  /** A value passes, in either direction. */
  readonly #used = (): void => {
    this.#active = true;
    this.#arm();
  };

  #arm(): void {
    if (!this.#closed) this.#stopTimer ??= this.#clock.after(idleAfter, this.#look);
  }

  readonly #look = (): void => {
    this.#stopTimer = undefined;
    this.#outgoing.growAgain();
    const active = this.#active;
    this.#active = false;
    if (!active) this.#listener.idle();
    if (active || !this.#outgoing.release()) this.#arm();
  };

  readonly #short = (): void => {
    this.#arm();
    if (this.#told) return;
    this.#told = true;
    this.#listener.short();
  };
}
