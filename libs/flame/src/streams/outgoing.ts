import type { AsyncResource } from 'node:async_hooks';
import { UnencodableError } from '../core/codec/codec.js';
import type { Codec } from '../core/codec/codec.js';
import { FlameError } from '../core/errors/flame-error.js';
import type { StreamFrame } from '../core/session/frame.js';
import type { Source } from './value-encoder.js';
import { kindNames } from './stream-kind.js';
import type { StreamKind } from './stream-kind.js';
import { SendWindow } from './window.js';

/** What an outgoing stream is made with. */
export interface OutgoingSetup {
  /** The call it belongs to. */
  readonly id: number;
  /** Where it was found, for people: `the result of Class.method`. */
  readonly place: string;
  readonly codec: Codec;
  /** The context in which the source is driven. */
  readonly scope: AsyncResource;
  readonly send: (frame: StreamFrame) => void;
  readonly warn: (text: string) => void;
  /** The source has ended and has cleaned up after itself. Told once. */
  readonly onOver: (index: number) => void;
}

/**
 * The producer's end of a stream. It starts nothing before its consumer asks, sends no more than the consumer grants, and nothing after its
 * end.
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

  /** The consumer takes `count` more. */
  grant(count: number): void {
    if (this.#ended) return;
    const started = this.#window.opened;
    this.#window.grant(count);
    if (started) this.flow();
    else this.begin();
  }

  /**
   * Ends the source; its consumer is told only if there is an `error`. A source that was not started is ended if `owned`, otherwise left as
   * it is.
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

  /** Starts the source, the window being open. */
  protected abstract begin(): void;
  /** The window has opened further. */
  protected abstract flow(): void;
  /** Ends a source that has been started, and calls `finished` once it has cleaned up. */
  protected abstract halt(): void;
  /** Ends a source that has not been started. */
  protected abstract dispose(): void;

  /** Nothing may be sent any more. */
  protected get ended(): boolean {
    return this.#ended;
  }

  /** Another item may be sent now. */
  protected get mayFlow(): boolean {
    return !this.#ended && this.#window.open;
  }

  /** The source as errors name it. */
  protected get name(): string {
    return `the ${kindNames[this.kind]} in ${this.setup.place}`;
  }

  /** @returns undefined for an item that cannot cross, which has failed the stream then. */
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

  /** The source has come to its end, by itself: nothing is left to clean up. */
  protected complete(error?: { readonly thrown: unknown }): void {
    if (!this.#ended) {
      this.#ended = true;
      this.#sendEnd(error?.thrown, error !== undefined);
    }
    this.finished();
  }

  /** The stream fails though its source goes on: the source is ended. */
  protected fail(error: FlameError): void {
    this.stop(true, error);
  }

  protected readonly cleanupFailed = (error: unknown): void => {
    this.setup.warn(
      `${this.name} failed to clean up after its consumer had left: ${error instanceof Error ? error.message : String(error)}`,
    );
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
