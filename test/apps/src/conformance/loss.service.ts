import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { FlameCall, OnFlame } from 'nestjs-flame';
import { mark } from './work.service.js';

/** Handlers for what happens when runners are lost, or leave. */
@Injectable()
export class LossService {
  /** Leaves its name as a mark, which must not be there twice, and gives it back. */
  @OnFlame('p')
  async once(file: string, name: string, duration: number): Promise<string> {
    mark(file, name);
    await sleep(duration);
    return name;
  }

  /** The same, and harmless to repeat. */
  @OnFlame('p', { retry: { attempts: 1_000 }, idempotent: true })
  async repeatable(file: string, name: string, duration: number): Promise<string> {
    mark(file, name);
    await sleep(duration);
    return name;
  }

  /** Runs until the test opens its gate, by making a file of that name. */
  @OnFlame('p')
  async held(file: string, gate: string): Promise<string> {
    mark(file, 'begin');
    const { signal, runnerId } = FlameCall.current()!;
    while (!existsSync(gate)) await sleep(10, undefined, { signal });
    mark(file, 'end');
    return runnerId;
  }

  /** Its process dies under the first attempts; then it says which one it is. */
  @OnFlame('p', { retry: { attempts: 3 }, idempotent: true })
  async survives(file: string, deaths: number): Promise<number> {
    const { attempt } = FlameCall.current()!;
    mark(file, `attempt ${attempt}`);
    if (attempt <= deaths) await die();
    return attempt;
  }

  /** Dies, and may not be run again. */
  @OnFlame('p', { retry: { attempts: 3 } })
  async dies(file: string): Promise<void> {
    mark(file, `attempt ${FlameCall.current()!.attempt}`);
    await die();
  }

  /** Marks that its runner was told to leave; from then on it takes no new calls. */
  @OnFlame('p')
  async heedsSigterm(file: string): Promise<string> {
    const told = new Promise((resolve) => process.once('SIGTERM', resolve));
    mark(file, 'begin');
    await told;
    mark(file, 'told');
    return FlameCall.current()!.runnerId;
  }
}

async function die(): Promise<void> {
  process.kill(process.pid, 'SIGKILL');
  await sleep(60_000);
}
