/**
 * The length of the preface, which a client sends before its first frame (RFC 9113, section 3.4), of a frame's header, and of the length
 * field with which the header begins (section 4.1), in bytes.
 */
const prefaceLength = 24;
const headLength = 9;
const lengthBytes = 3;

/** Counts the frames in the bytes that an HTTP/2 client sends. */
export class FrameCounter {
  /** Frames that have begun. */
  count = 0;
  /** Bytes before the next header. */
  #skip = prefaceLength;
  /** Bytes of the current header that have arrived, and the frame length that they give. */
  #have = 0;
  #length = 0;

  read(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at++) {
      const skipped = Math.min(this.#skip, bytes.length - at);
      this.#skip -= skipped;
      at += skipped;
      if (at === bytes.length) return;
      if (this.#have === 0) this.count++;
      if (this.#have < lengthBytes) this.#length = this.#length * 256 + bytes[at]!;
      if (++this.#have < headLength) continue;
      this.#skip = this.#length;
      this.#have = this.#length = 0;
    }
  }
}
