import { AsyncResource } from 'node:async_hooks';
import { setImmediate } from 'node:timers';
import type { Frame } from '../../core/session/frame.js';
import { Delivery } from './delivery.js';
import { readFrame } from '../protocol/packet-reader.js';
import { writeHead } from '../protocol/packet-writer.js';
import { payloadOf, weightOf } from '../protocol/wire-frame.js';
import type { Link, LinkEnd, LinkReceiver } from './link.js';
import { ProtoReader, ProtoWriter } from '../protocol/protobuf.js';

/**
 * Creates both ends of a session within one process. Every frame is encoded to the same bytes as on the network, and is delivered on the
 * next turn of the event loop.
 */
export function memoryLinks(options: MemoryLinkOptions = {}): { parent: Link; runner: MemoryLink } {
  const scope = options.scope ?? new AsyncResource('FLAMELINK');
  const parent = new MemoryLink(scope, options.onEnded);
  const runner = new MemoryLink(scope);
  parent.peer = runner;
  runner.peer = parent;
  return { parent, runner };
}

export interface MemoryLinkOptions {
  /** The async context in which receivers are called; the caller's context if left out. */
  readonly scope?: AsyncResource;
  /** The session is over. */
  readonly onEnded?: () => void;
}

/** One end of a session in memory. */
export class MemoryLink implements Link {
  /** Ends with frames to deliver in the next turn of the event loop. A thousand runners then share one `setImmediate`. */
  static #turn: MemoryLink[] = [];
  peer: MemoryLink | undefined;
  readonly #delivery = new Delivery((reason) => this.#violated(reason));
  readonly #scope: AsyncResource;
  readonly #onEnded: (() => void) | undefined;
  #outbox: Buffer[] = [];
  #bytes = 0;
  #flushing = false;
  #cut = false;
  #closing: { reason: string; over: Promise<void>; done: () => void } | undefined;
  #over = false;

  constructor(scope: AsyncResource, onEnded?: () => void) {
    this.#scope = scope;
    this.#onEnded = onEnded;
  }

  get backlog(): number {
    return this.#bytes;
  }

  send(frame: Frame): void {
    if (this.#over || this.#closing !== undefined) return;
    const bytes = encode(frame);
    this.#outbox.push(bytes);
    this.#bytes += bytes.length;
    this.#flushLater();
  }

  open(receiver: LinkReceiver): void {
    this.#scope.runInAsyncScope(() => this.#delivery.open(receiver));
  }

  drop(reason: string): void {
    this.peer!.#end({ how: 'cut', reason });
    this.#end({ how: 'closed', reason });
  }

  close(reason: string): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.over;
    if (this.#cut) this.drop(reason);
    if (this.#over) return Promise.resolve();
    let done = (): void => {};
    const over = new Promise<void>((resolve) => (done = resolve));
    this.#closing = { reason, over, done };
    this.#flushLater();
    return over;
  }

  /** Breaks the connection as a network does: no frame passes in either direction until `restore`, and no frame is lost. */
  cut(): void {
    for (const end of [this, this.peer!]) end.#setCut(true);
    // An end that is closing does not wait for an answer that may never come.
    for (const end of [this, this.peer!]) if (end.#closing !== undefined) end.drop(end.#closing.reason);
  }

  /** The connection is back. */
  restore(): void {
    for (const end of [this, this.peer!]) end.#setCut(false);
  }

  #setCut(cut: boolean): void {
    if (this.#over || this.#cut === cut) return;
    this.#cut = cut;
    this.#scope.runInAsyncScope(() => (cut ? this.#delivery.suspended() : this.#delivery.resumed()));
    if (!cut) this.#flushLater();
  }

  #flushLater(): void {
    if (this.#flushing || this.#cut) return;
    this.#flushing = true;
    if (MemoryLink.#turn.push(this) === 1) setImmediate(MemoryLink.#flushAll);
  }

  static #flushAll(): void {
    const ends = MemoryLink.#turn;
    MemoryLink.#turn = [];
    for (const end of ends) end.#flush();
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#cut) return;
    const batch = this.#outbox;
    this.#outbox = [];
    this.#bytes = 0;
    this.peer!.#take(batch);
    if (this.#closing === undefined || this.#over) return;
    const { reason } = this.#closing;
    this.peer!.#end({ how: 'left', reason });
    this.#end({ how: 'closed', reason });
  }

  #take(batch: readonly Buffer[]): void {
    this.#scope.runInAsyncScope(() => {
      for (const bytes of batch) {
        if (this.#over || this.#closing !== undefined) return;
        this.#delivery.frame(readFrame(new ProtoReader(bytes), bytes.length) as Frame);
      }
    });
  }

  #violated(reason: string): void {
    this.peer!.#end({ how: 'left', reason: `protocol violation: ${reason}` });
    this.#end({ how: 'violation', reason });
  }

  #end(end: LinkEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#outbox = [];
    this.#bytes = 0;
    this.#closing?.done();
    this.#onEnded?.();
    this.#scope.runInAsyncScope(() =>
      this.#delivery.closed(this.#closing === undefined ? end : { how: 'closed', reason: this.#closing.reason }),
    );
  }
}

/** The bytes of one `flame.v1.Frame`. */
function encode(frame: Frame): Buffer {
  const out = new ProtoWriter(weightOf(frame) + 192);
  writeHead(out, frame);
  const payload = payloadOf(frame);
  if (payload !== undefined) {
    out.reserve(payload.length);
    out.raw(payload);
  }
  return out.bytes.subarray(0, out.at);
}
