/** What a client says before its first frame (RFC 9113, section 3.4), and how long a frame's head is (section 4.1). */
const prefaceLength = 24;
const headLength = 9;
/** Of a head, the byte that says what frame it is; this one opens a stream. */
const typeAt = 3;
const headers = 1;

/** Counts the frames that begin in what an HTTP/2 client sends, whatever they hold. */
export class FrameCounter {
  /** Bytes up to the next head. */
  #skip = prefaceLength;
  /** Of a head that has not come whole: how much is here, and the length that it gives. */
  #have = 0;
  #length = 0;
  /** Frames so far. */
  count = 0;
  /** Those among them that open a stream, or end one with words. */
  streams = 0;

  /** Takes the next bytes. */
  read(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, bytes.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      if (this.#have === 0) this.count++;
      // The first three bytes.
      if (this.#have < 3) this.#length = this.#length * 256 + bytes[at]!;
      else if (this.#have === typeAt && bytes[at] === headers) this.streams++;
      at++;
      if (++this.#have < headLength) continue;
      this.#skip = this.#length;
      this.#have = this.#length = 0;
    }
  }
}
