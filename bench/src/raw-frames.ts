/** The header: length, id, and the requested size of the answer. */
const headSize = 12;
/** The maximum size of a batch. A larger body is a message of its own. */
const batchSize = 64 * 1024;

/**
 * The simplest protocol for calls over a stream: opaque frames, of which those of one turn of the event loop share a message. A large body is
 * not copied, but sent as the message after its header.
 */
export class RawWriter {
  readonly #write: (message: Buffer) => void;
  readonly #batch = Buffer.allocUnsafe(batchSize);
  #at = 0;
  #due = false;

  constructor(write: (message: Buffer) => void) {
    this.#write = write;
  }

  send(id: number, ask: number, body: Buffer): void {
    const large = headSize + body.length > batchSize;
    const room = headSize + (large ? 0 : body.length);
    if (this.#at + room > batchSize) this.#flush();
    this.#head(body.length, id, ask);
    if (large) {
      this.#flush();
      this.#write(body);
      return;
    }
    this.#batch.set(body, this.#at);
    this.#at += body.length;
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#flush();
    });
  }

  #head(length: number, id: number, ask: number): void {
    this.#batch.writeUInt32LE(length, this.#at);
    this.#batch.writeUInt32LE(id, this.#at + 4);
    this.#batch.writeUInt32LE(ask, this.#at + 8);
    this.#at += headSize;
  }

  #flush(): void {
    if (this.#at === 0) return;
    // A copy, because gRPC may keep the message for a while.
    const message = Buffer.allocUnsafe(this.#at);
    this.#batch.copy(message, 0, 0, this.#at);
    this.#at = 0;
    this.#write(message);
  }
}

/** Splits messages into frames. */
export class RawReader {
  readonly #frame: (id: number, ask: number, body: Buffer) => void;
  /** The header whose body is the next message. */
  #large: { id: number; ask: number } | undefined;

  constructor(frame: (id: number, ask: number, body: Buffer) => void) {
    this.#frame = frame;
  }

  read(message: Buffer): void {
    if (this.#large !== undefined) {
      const { id, ask } = this.#large;
      this.#large = undefined;
      return this.#frame(id, ask, message);
    }
    for (let at = 0; at < message.length;) {
      const length = message.readUInt32LE(at);
      const id = message.readUInt32LE(at + 4);
      const ask = message.readUInt32LE(at + 8);
      at += headSize;
      if (headSize + length > batchSize) this.#large = { id, ask };
      else this.#frame(id, ask, message.subarray(at, (at += length)));
    }
  }
}
