import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { propagation, trace } from '@opentelemetry/api';
import { FlameCall, OnFlame } from 'nestjs-flame';

import { spans } from './spans.js';

/** What the tests of health, numbers, logs and traces let runners do. */
@Injectable()
export class WorkService {
  readonly #logger = new Logger('Work');

  @OnFlame('work')
  async echo(value: string): Promise<string> {
    return value;
  }

  /** What the call brought along, under a span of the handler's own. */
  @OnFlame('work')
  async tenant(): Promise<string | undefined> {
    return trace.getTracer('app').startActiveSpan('app.work', (span) => {
      span.end();
      return propagation.getActiveBaggage()?.getEntry('tenant')?.value;
    });
  }

  @OnFlame('work')
  async spans(): Promise<unknown[]> {
    return spans();
  }

  @OnFlame('work')
  async fail(): Promise<void> {
    throw new Error('it failed on purpose');
  }

  @OnFlame('work', { handlerTimeout: 120_000 })
  async sleep(time: number): Promise<void> {
    await setTimeout(time, undefined, { signal: FlameCall.current()?.signal });
  }

  @OnFlame('work')
  async block(time: number): Promise<void> {
    const until = performance.now() + time;
    while (performance.now() < until);
  }

  /** Logs that many lines. */
  @OnFlame('work')
  async log(lines: number): Promise<void> {
    for (let line = 1; line <= lines; line++) this.#logger.warn(`line ${line} of ${lines}`);
  }

  @OnFlame('work')
  async printMany(lines: number): Promise<void> {
    for (let line = 1; line <= lines; line++) process.stdout.write(`printed line ${line}\n`);
  }

  @OnFlame('work')
  async print(text: string): Promise<void> {
    process.stdout.write(`${text}\n`);
  }
}
