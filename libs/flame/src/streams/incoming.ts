import { failing } from '../core/call/call-site.js';
import type { CallSite, MadeBy } from '../core/call/call-site.js';
import { MalformedError, UnreadableError } from '../core/codec/codec.js';
import { ReceiveWindow, windowItems } from './window.js';

/** Dependencies of an incoming stream. */
export interface IncomingSetup {
  readonly decode: (bytes: Uint8Array) => unknown;
  /** Creates the error that the consumer gets instead of an item that cannot be created here. */
  readonly unreadable: (error: UnreadableError) => unknown;
  /** Lets the producer send `count` more items. */
  readonly grant: (count: number) => void;
  /** Called at most once, when the consumer stops reading before the end. */
  readonly onLeft: () => void;
  /** Called once, when nothing more will arrive: the stream has ended or failed, or its consumer has left. */
  readonly onOver: () => void;
}

type Item = IteratorResult<unknown, undefined>;

interface Failure {
  readonly thrown: unknown;
  readonly madeBy: MadeBy;
}

const done: Item = Object.freeze({ done: true, value: undefined });

/**
 * The consumer's end of a stream: an iterator over the received items. It requests nothing from the producer before the first `next`, and
 * holds at most one window of items.
 */
export class Incoming {
  readonly #setup: IncomingSetup;
  readonly #site: CallSite | undefined;
  readonly #window = new ReceiveWindow();
  readonly #items: { readonly value: unknown; readonly size: number }[] = [];
  readonly #waiting: ((item: Item | Promise<Item>) => void)[] = [];
  #started = false;
  #error: Failure | undefined;
  #over = false;

  /** `granted` says that the first window has already been granted. */
  constructor(setup: IncomingSetup, granted: boolean, site?: CallSite) {
    this.#setup = setup;
    this.#site = site;
    this.#started = granted;
  }

  next(): Promise<Item> {
    this.#start();
    const item = this.#items.shift();
    if (item) return Promise.resolve(this.#give(item.value, item.size));
    if (!this.#over) return new Promise((resolve) => this.#waiting.push(resolve));
    const error = this.#error;
    this.#error = undefined;
    return error ? this.#fail(error) : Promise.resolve(done);
  }

  /** Called when the consumer stops reading. */
  return(): void {
    this.#items.length = 0;
    this.#error = undefined;
    if (this.#over) return;
    this.#setup.onLeft();
    this.#finish();
  }

  /**
   * Takes a received item. An item that cannot be created here ends the stream.
   *
   * @throws {MalformedError} for an item that the consumer did not ask for, or for malformed bytes.
   */
  item(bytes: Uint8Array): void {
    if (this.#over) return;
    if (!this.#started || this.#items.length >= windowItems)
      throw new MalformedError('a stream sent more items than its reader had requested');
    let value: unknown;
    try {
      value = this.#setup.decode(bytes);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      this.#setup.onLeft();
      return this.end({ thrown: this.#setup.unreadable(error) });
    }
    const waiter = this.#waiting.shift();
    if (waiter) waiter(this.#give(value, bytes.length));
    else this.#items.push({ value, size: bytes.length });
  }

  /** Called when the producer has ended. Items that are already here can still be read. */
  end(error?: { readonly thrown: unknown }): void {
    if (this.#over) return;
    this.#error = error && { ...error, madeBy: 'handler' };
    this.#finish();
  }

  /** Fails the stream at this end. Items that are already here are dropped. */
  fail(thrown: unknown): void {
    if (this.#over) return;
    this.#items.length = 0;
    this.#error = { thrown, madeBy: 'us' };
    this.#finish();
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    if (!this.#over) this.#setup.grant(windowItems);
  }

  #give(value: unknown, size: number): Item {
    const grant = this.#window.taken(size);
    if (grant > 0 && !this.#over) this.#setup.grant(grant);
    return { done: false, value };
  }

  #finish(): void {
    this.#over = true;
    for (const waiter of this.#waiting.splice(0)) {
      const error = this.#error;
      this.#error = undefined;
      waiter(error ? this.#fail(error) : done);
    }
    this.#setup.onOver();
  }

  #fail({ thrown, madeBy }: Failure): Promise<never> {
    return failing(thrown, this.#site, madeBy);
  }
}
