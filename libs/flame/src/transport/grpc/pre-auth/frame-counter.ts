/**
 * The bytes that a client sends before its first frame (RFC 9113, section 3.4), and those of a frame's head, which begins with the length
 * (section 4.1).
 */
const prefaceLength = 24;
const headLength = 9;
const lengthBytes = 3;

/** Counts the frames in what an HTTP/2 client sends. */
export class FrameCounter {
  /** Frames that have begun. */
  count = 0;
  /** Bytes up to the next head. */
  #skip = prefaceLength;
  /** Bytes of the current head that have come, and the length that they give. */
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
