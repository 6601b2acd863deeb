import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Injectable } from '@nestjs/common';
import { FlameCall, OnFlame } from 'nestjs-flame';
import { Classifier } from './classifier.js';
import type { Verdict } from './classifier.js';

@Injectable()
export class TextsService {
  constructor(private readonly classifier: Classifier) {}

  /** With the process that the runner keeps. */
  @OnFlame('python')
  classify(text: string): Promise<Verdict> {
    return this.classifier.classify(text, FlameCall.current()?.signal);
  }

  /** With a process of its own. */
  @OnFlame('python')
  async count(last: number): Promise<{ counted: number }> {
    const call = FlameCall.current();
    const python = spawn('python3', [join(__dirname, 'count.py'), String(last)], { signal: call?.signal, killSignal: 'SIGKILL' });
    let [counted, errors] = [0, ''];
    createInterface(python.stdout).on('line', (line) => call?.progress((counted = Number(line))));
    python.stderr.on('data', (text) => (errors = (errors + text).slice(-2_000)));
    const [code, signal] = await once(python, 'close');
    if (code !== 0) throw new Error(`count.py failed (${signal ?? code}): ${errors}`);
    return { counted };
  }
}
