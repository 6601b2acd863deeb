/** What a client says before its first frame (RFC 9113, section 3.4), and how long a frame's head is (section 4.1). */
const prefaceLength = 24;
const headLength = 9;

/** Counts the frames that begin in what an HTTP/2 client sends, whatever they hold. */
export class FrameCounter {
  /** Bytes up to the next head. */
  #skip = prefaceLength;
  /** Of a head that has not come whole: how much is here, and the length that it gives. */
  #have = 0;
  #length = 0;
  #count = 0;

  /** Takes the next bytes; gives how many frames there were so far. */
  read(bytes: Uint8Array): number {
    for (let at = 0; at < bytes.length;) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, bytes.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      if (this.#have === 0) this.#count++;
      // The first three bytes.
      if (this.#have < 3) this.#length = this.#length * 256 + bytes[at]!;
      at++;
      if (++this.#have < headLength) continue;
      this.#skip = this.#length;
      this.#have = this.#length = 0;
    }
    return this.#count;
  }
}
