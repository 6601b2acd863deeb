import { styleText } from 'node:util';
import type { Check } from '../core/check.js';
import type { DoctorMessage } from '../nest/runner/doctor-request.js';

/** Reports doctor's findings. */
export interface DoctorReport {
  began(entry: string): void;
  take(message: DoctorMessage): void;
  /** A check of the app itself, and of no pool. */
  check(check: Check): void;
  /** Ends the examination; returns the exit code. */
  ended(): number;
  /** Reports that the app could not be examined. */
  failed(problem: string): void;
}

interface PoolFindings {
  readonly name: string;
  readonly backend: string;
  readonly checks: Check[];
}

/** Prints one JSON object to stdout: `ok`, the `checks` of the app, `pools` with their `checks`, and `problem` if the app could not be examined. */
export class JsonReport implements DoctorReport {
  readonly #print: (text: string) => void;
  readonly #app: { entry?: string; version?: string; node?: string } = {};
  readonly #checks: Check[] = [];
  readonly #pools: PoolFindings[] = [];

  constructor(print = (text: string): void => console.log(text)) {
    this.#print = print;
  }

  began(entry: string): void {
    this.#app.entry = entry;
  }

  take(message: DoctorMessage): void {
    if (message.type === 'app') Object.assign(this.#app, { version: message.version, node: message.node });
    else if (message.type === 'pool') this.#pools.push({ name: message.name, backend: message.backend, checks: [] });
    else if (message.type === 'check') this.#pools.at(-1)!.checks.push(message.check);
  }

  check(check: Check): void {
    this.#checks.push(check);
  }

  ended(): number {
    const ok = [{ checks: this.#checks }, ...this.#pools].every(({ checks }) => checks.every((check) => check.ok));
    this.#print(JSON.stringify({ ok, ...this.#app, checks: this.#checks, pools: this.#pools }, undefined, 2));
    return ok ? 0 : 1;
  }

  failed(problem: string): void {
    this.#print(JSON.stringify({ ok: false, problem, ...this.#app, checks: this.#checks, pools: this.#pools }, undefined, 2));
  }
}

/** Prints each finding as lines for people, as soon as it arrives. */
export class TextReport implements DoctorReport {
  readonly #colours: boolean;
  readonly #print: (text: string) => void;
  #good = 0;
  #bad = 0;

  constructor(colours: boolean, print = (text: string): void => console.log(text)) {
    this.#colours = colours;
    this.#print = print;
  }

  began(entry: string): void {
    this.#print(`Examining ${entry}`);
  }

  take(message: DoctorMessage): void {
    switch (message.type) {
      case 'app':
        return this.#print(`nestjs-flame ${message.version}, Node ${message.node}`);
      case 'pool':
        return this.#print(`\n${this.#style('bold', `pool "${message.name}" (${message.backend})`)}`);
      case 'check':
        return this.check(message.check);
      case 'over':
        return;
    }
  }

  ended(): number {
    const sum = this.#good + this.#bad;
    this.#print(this.#bad === 0 ? `\nall ${sum} checks are ok` : `\n${this.#bad} of ${sum} checks failed`);
    return this.#bad === 0 ? 0 : 1;
  }

  failed(problem: string): void {
    this.#print(`\n${this.#style('red', 'FAILED')}  ${problem}`);
  }

  check({ name, ok, message, fix }: Check): void {
    if (ok) this.#good++;
    else this.#bad++;
    const result = ok ? this.#style('green', 'ok    ') : this.#style('red', 'FAILED');
    // A message with the last output of a machine has several lines.
    const text = message.replaceAll('\n', `\n${' '.repeat(20)}`);
    this.#print(`  ${result}  ${name.padEnd(10)}${text}`);
    if (fix !== undefined) this.#print(`          ${this.#style('yellow', 'fix'.padEnd(10))}${fix}`);
  }

  #style(style: 'bold' | 'green' | 'red' | 'yellow', text: string): string {
    return this.#colours ? styleText(style, text) : text;
  }
}
