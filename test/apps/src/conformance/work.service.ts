import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, NotFoundException } from '@nestjs/common';
import { FlameCall, OnFlame } from 'nestjs-flame';

/** What the conformance suite runs: small handlers that say where they are and leave a mark where the test can see it. */
@Injectable()
export class WorkService {
  @OnFlame('p')
  async pid(): Promise<number> {
    return process.pid;
  }

  @OnFlame('p')
  async place(): Promise<string> {
    return here();
  }

  @OnFlame('p')
  async runner(): Promise<string> {
    return FlameCall.current()!.runnerId;
  }

  @OnFlame('p')
  async echo<T>(value: T): Promise<T> {
    return value;
  }

  @OnFlame('p')
  async bytes(length: number): Promise<Buffer> {
    return Buffer.alloc(length, 1);
  }

  @OnFlame('p')
  async socket(): Promise<unknown> {
    return { socket: new Socket() };
  }

  /** Writes `begin`, waits, writes `end` (or `abort`), and says where it ran. */
  @OnFlame('p')
  async work(file: string, duration: number): Promise<string> {
    const call = FlameCall.current()!;
    mark(file, 'begin');
    try {
      await sleep(duration, undefined, { signal: call.signal });
    } catch {
      mark(file, 'abort');
      throw call.signal.reason;
    }
    mark(file, 'end');
    return call.runnerId;
  }

  /** Takes its time, and gives so many bytes. */
  @OnFlame('p')
  async slowly(file: string, duration: number, length: number): Promise<Buffer> {
    mark(file, 'begin');
    await sleep(duration);
    mark(file, 'end');
    return Buffer.alloc(length, 1);
  }

  /** Goes on whatever its signal says. */
  @OnFlame('p')
  async deaf(file: string, duration: number): Promise<void> {
    mark(file, 'begin');
    await sleep(duration);
    mark(file, 'end');
  }

  /** Blocks the event loop. */
  @OnFlame('p')
  async block(file: string, duration: number): Promise<void> {
    mark(file, 'begin');
    const end = Date.now() + duration;
    while (Date.now() < end);
    mark(file, 'end');
  }

  @OnFlame('p')
  async fail(message: string): Promise<void> {
    throw new NotFoundException(message);
  }

  /** Ends its own process, as a crash would. */
  @OnFlame('p')
  async crash(code: number): Promise<void> {
    process.exit(code);
  }

  @OnFlame('p')
  async kill(signal: NodeJS.Signals): Promise<void> {
    process.kill(process.pid, signal);
    await sleep(60_000);
  }

  /** Prints a line and logs one. */
  @OnFlame('p')
  async say(text: string): Promise<void> {
    console.log(text);
    new Logger('Work').warn(text);
  }

  @OnFlame('p', { cast: true })
  async note(file: string, text: string): Promise<void> {
    mark(file, text);
    if (text === 'fail') throw new Error('the cast failed');
  }
}

/** This process among those of all machines. */
export function here(): string {
  return `${hostname()} pid ${process.pid}`;
}

/** One line a mark: what, where, in which call. */
export function mark(file: string, what: string): void {
  const call = FlameCall.current();
  appendFileSync(
    file,
    `${JSON.stringify({ what, pid: process.pid, runner: call?.runnerId, call: call?.id, attempt: call?.attempt, at: Date.now() })}\n`,
  );
}
