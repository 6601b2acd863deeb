import type { Display, Step } from './display.js';
import { seconds } from './seconds.js';

/** Time between two questions whether there is something new. */
const every = 250;

/** One line for everything that changes: for logs, pipes and continuous integration. */
export class PlainDisplay implements Display {
  readonly #out: { write(text: string): unknown };

  constructor(out: { write(text: string): unknown }) {
    this.#out = out;
  }

  print(...lines: string[]): void {
    this.#out.write(lines.map((line) => `${line}\n`).join(''));
  }

  async step<T>({ title, work, says, view }: Step<T>): Promise<T> {
    const start = performance.now();
    const say = (line: string): void => this.print(`  ${seconds(performance.now() - start).padStart(6)}  ${line}`);
    let last = '';
    const look = (): void => {
      const line = view?.line() ?? '';
      if (line === last) return;
      last = line;
      say(line);
    };
    this.print(title);
    const timer = setInterval(look, every);
    try {
      const result = await work();
      look();
      say(`done: ${says(result)}`);
      return result;
    } catch (error) {
      look();
      say('not done');
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  [Symbol.dispose](): void {}
}
