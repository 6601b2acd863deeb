import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { Display, Step } from './display.js';
import { seconds } from './seconds.js';

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** Time between two pictures. */
const every = 80;

/** A terminal: what is under way is drawn in place, what is done stays above it. */
export class LiveDisplay implements Display {
  readonly #stream: NodeJS.WriteStream;
  readonly #update: ReturnType<typeof createLogUpdate>;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#update = createLogUpdate(stream);
  }

  print(...lines: string[]): void {
    this.#update.persist(lines.join('\n'));
  }

  async step<T>({ title, work, says, view }: Step<T>): Promise<T> {
    const start = performance.now();
    let turn = 0;
    const draw = (mark: string, note?: string): void => {
      const time = seconds(performance.now() - start);
      // What does not fit is cut: a line that wraps would jump about.
      const room = Math.max(20, this.#stream.columns - 1);
      const head = `${title.padEnd(30)} ${time.padStart(6)}${note ? `   ${note}` : ''}`.slice(0, room - 2);
      const lines = (view?.lines() ?? []).map((line) => paint('dim', `    ${line}`.slice(0, room)));
      this.#update([`${mark} ${head}`, ...lines].join('\n'));
    };
    const spin = (): void => draw(paint('cyan', spinner[turn++ % spinner.length] ?? ''));
    spin();
    const timer = setInterval(spin, every);
    try {
      const result = await work();
      draw(paint('green', '✔'), says(result));
      return result;
    } catch (error) {
      draw(paint('red', '✖'));
      throw error;
    } finally {
      clearInterval(timer);
      this.#update.done();
    }
  }

  /** Gives the terminal its cursor back. */
  [Symbol.dispose](): void {
    this.#update.done();
  }
}

function paint(style: 'dim' | 'cyan' | 'green' | 'red', text: string): string {
  return process.env.NO_COLOR ? text : styleText(style, text);
}
