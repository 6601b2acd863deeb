import type { AsyncResource } from 'node:async_hooks';
import { UnencodableError } from '../core/codec/codec.js';
import type { Codec } from '../core/codec/codec.js';
import { FlameError } from '../core/errors/flame-error.js';
import type { StreamFrame } from '../core/session/frame.js';
import type { Source } from './value-encoder.js';
import { kindNames } from './stream-kind.js';
import type { StreamKind } from './stream-kind.js';
import { SendWindow } from './window.js';

/** Dependencies of an outgoing stream. */
export interface OutgoingSetup {
  /** The call that the stream belongs to. */
  readonly id: number;
  /** Where the stream was found, for messages: `the result of Class.method`. */
  readonly place: string;
  readonly codec: Codec;
  /** The async context in which the source runs. */
  readonly scope: AsyncResource;
  readonly send: (frame: StreamFrame) => void;
  readonly warn: (text: string) => void;
  /** Called once, when the source has ended and cleaned up. */
  readonly onOver: (index: number) => void;
}

/**
 * The producer's end of a stream. It starts the source when the consumer first grants credit, never sends more than the consumer granted,
 * and sends nothing after the end.
 */
export abstract class Outgoing {
  protected readonly kind: StreamKind;
  protected readonly source: object;
  protected readonly setup: OutgoingSetup;
  readonly #index: number;
  readonly #window = new SendWindow();
  #ended = false;
  #over = false;

  constructor(source: Source & { readonly kind: StreamKind }, setup: OutgoingSetup) {
    this.kind = source.kind;
    this.source = source.value;
    this.setup = setup;
    this.#index = source.index;
  }

  /** Grants `count` more items. */
  grant(count: number): void {
    if (this.#ended) return;
    const started = this.#window.opened;
    this.#window.grant(count);
    if (started) this.flow();
    else this.begin();
  }

  /**
   * Ends the source. The consumer is informed only if there is an `error`. A source that was not started is ended if `owned`, otherwise
   * left as it is.
   */
  stop(owned: boolean, error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    if (error !== undefined) this.#sendEnd(error);
    if (this.#window.opened) this.halt();
    else {
      if (owned) this.dispose();
      this.finished();
    }
  }

  /** Starts the source. The window is open. */
  protected abstract begin(): void;
  /** Called when the window has opened further. */
  protected abstract flow(): void;
  /** Ends a source that was started, and calls `finished` when the source has cleaned up. */
  protected abstract halt(): void;
  /** Ends a source that was not started. */
  protected abstract dispose(): void;

  /** Whether the stream has ended, so that nothing may be sent any more. */
  protected get ended(): boolean {
    return this.#ended;
  }

  /** Whether another item may be sent now. */
  protected get mayFlow(): boolean {
    return !this.#ended && this.#window.open;
  }

  /** The name of the source in messages. */
  protected get name(): string {
    return `the ${kindNames[this.kind]} in ${this.setup.place}`;
  }

  /** @returns undefined for an item that cannot cross. The stream has then failed. */
  protected encode(item: unknown): Uint8Array | undefined {
    try {
      return this.setup.codec.encode(item);
    } catch (error) {
      const [path, cause] = error instanceof UnencodableError ? [error.under('item')] : [(error as Error).message, error];
      this.fail(new FlameError('FLAME_ENCODING', `an item of ${this.name} cannot cross: ${path}`, { ran: 'maybe', cause }));
      return undefined;
    }
  }

  protected send(value: Uint8Array): void {
    this.#window.sent(value.length);
    this.setup.send({ type: 'item', id: this.setup.id, stream: this.#index, value });
  }

  /** Called when the source has ended by itself: nothing is left to clean up. */
  protected complete(error?: { readonly thrown: unknown }): void {
    if (!this.#ended) {
      this.#ended = true;
      this.#sendEnd(error?.thrown, error !== undefined);
    }
    this.finished();
  }

  /** Fails the stream although its source would go on, and ends the source. */
  protected fail(error: FlameError): void {
    this.stop(true, error);
  }

  protected readonly cleanupFailed = (error: unknown): void => {
    this.setup.warn(`${this.name} failed to clean up after its reader had left: ${error instanceof Error ? error.message : String(error)}`);
  };

  protected finished(): void {
    if (this.#over) return;
    this.#over = true;
    this.setup.onOver(this.#index);
  }

  #sendEnd(error: unknown, failed = true): void {
    const { id, codec, send } = this.setup;
    send({ type: 'end', id, stream: this.#index, ...(failed ? { error: codec.encodeThrown(error) } : undefined) });
  }
}
