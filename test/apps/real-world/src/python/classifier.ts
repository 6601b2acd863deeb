import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Injectable, OnModuleDestroy } from '@nestjs/common';

export interface Verdict {
  readonly score: number;
  readonly pid: number;
}

/** A Python process that keeps its model loaded, one for each runner. It starts with the first text. */
@Injectable()
export class Classifier implements OnModuleDestroy {
  #python?: ChildProcessWithoutNullStreams;
  /** The texts that wait for their answer, in the order in which they were sent. */
  readonly #waiting: { resolve: (verdict: Verdict) => void; reject: (error: Error) => void }[] = [];

  classify(text: string, signal?: AbortSignal): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      const { stdin } = (this.#python ??= this.#start());
      this.#waiting.push({ resolve, reject });
      signal?.addEventListener('abort', () => reject(signal.reason)); // The answer will be dropped.
      stdin.write(`${JSON.stringify(text)}\n`);
    });
  }

  onModuleDestroy() {
    this.#python?.stdin.end();
  }

  #start(): ChildProcessWithoutNullStreams {
    const python = spawn('python3', [join(__dirname, 'classifier.py')]);
    let errors = '';
    python.stderr.on('data', (text) => (errors = (errors + text).slice(-2_000)));
    python.stdin.on('error', () => {}); // It ended: 'close' says why.
    python.on('error', (error) => (errors += error.message));
    createInterface(python.stdout).on('line', (line) => this.#waiting.shift()?.resolve(JSON.parse(line)));
    python.once('close', (code, signal) => {
      this.#python = undefined; // The next text starts another one.
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`classifier.py ended (${signal ?? code}): ${errors}`));
    });
    return python;
  }
}
