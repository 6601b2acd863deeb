/** A terminal's alternate screen, which is updated in place. Closing it restores the terminal. */
export class LiveScreen {
  readonly #out: NodeJS.WriteStream;
  readonly #in: NodeJS.ReadStream;
  readonly #quit: () => void;
  #lines: readonly string[] = [];

  /** `quit` is called when the user presses a key to leave. */
  constructor(quit: () => void, out: NodeJS.WriteStream = process.stdout, input: NodeJS.ReadStream = process.stdin) {
    this.#out = out;
    this.#in = input;
    this.#quit = quit;
    out.write('\x1b[?1049h\x1b[?25l');
    if (!input.isTTY) return;
    input.setRawMode(true);
    input.on('data', this.#key);
  }

  get size(): { columns: number; rows: number } {
    return { columns: this.#out.columns || 80, rows: this.#out.rows || 24 };
  }

  /** Writes only the lines that have changed, so that the screen does not flicker. */
  draw(lines: readonly string[]): void {
    const changed = lines.map((line, row) => (line === this.#lines[row] ? '' : `\x1b[${row + 1};1H${line}\x1b[K`));
    // There is no row below the last one. Moving there would leave the cursor on the last row, which would then be cleared.
    const rest = lines.length < this.size.rows ? `\x1b[${lines.length + 1};1H\x1b[J` : '';
    this.#out.write(`${changed.join('')}${rest}`);
    this.#lines = lines;
  }

  /** Clears the screen after a resize, so that all lines are drawn again. */
  clear(): void {
    this.#lines = [];
    this.#out.write('\x1b[2J');
  }

  close(): void {
    this.#out.write('\x1b[?25h\x1b[?1049l');
    if (!this.#in.isTTY) return;
    this.#in.off('data', this.#key);
    this.#in.setRawMode(false);
    this.#in.pause();
  }

  readonly #key = (data: Buffer): void => {
    if (['q', 'Q', '\x03', '\x1b'].includes(data.toString())) this.#quit();
  };
}
