import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import type { LoggerService, LogLevel } from '@nestjs/common';
import { FlameCall } from '../runner/flame-call.js';
import { lineLength, LogQuota } from './log-quota.js';

/** Sends a line to the parent; says whether it could. */
export type SendLine = (level: string, text: string, call: number) => boolean;

/**
 * A runner's logger while it is attached: its lines go to the parent's logger, with the call that they belong to, and not to this process's output,
 * by which they would come a second time. What cannot be sent is printed here, as before. It is bounded: lines that are too many are dropped and counted.
 */
export class ForwardingLogger implements LoggerService {
  readonly #local: LoggerService;
  readonly #send: SendLine;
  readonly #quota = new LogQuota(() => performance.now());
  /** Lines of this turn, which have not left yet: should the process end now, they are printed. */
  #unsent: (() => void)[] = [];
  #telling: NodeJS.Timeout | undefined;

  constructor(local: LoggerService, send: SendLine) {
    this.#local = local;
    this.#send = send;
  }

  /** Takes over Nest's logger of this process. */
  static install(send: SendLine): void {
    const { staticInstanceRef: local } = Logger as unknown as { staticInstanceRef?: LoggerService };
    if (!local) return;
    const logger = new ForwardingLogger(local, send);
    Logger.overrideLogger(logger);
    process.on('exit', () => logger.#unsent.forEach((print) => print()));
  }

  log(message: unknown, ...more: unknown[]): void {
    this.#take('log', message, more);
  }

  error(message: unknown, ...more: unknown[]): void {
    this.#take('error', message, more);
  }

  warn(message: unknown, ...more: unknown[]): void {
    this.#take('warn', message, more);
  }

  debug(message: unknown, ...more: unknown[]): void {
    this.#take('debug', message, more);
  }

  verbose(message: unknown, ...more: unknown[]): void {
    this.#take('verbose', message, more);
  }

  fatal(message: unknown, ...more: unknown[]): void {
    this.#take('fatal', message, more);
  }

  #take(level: LogLevel, message: unknown, more: readonly unknown[]): void {
    const local = this.#local as LoggerService & { isLevelEnabled?: (level: LogLevel) => boolean };
    if (local.isLevelEnabled?.(level) === false) return;
    if (!this.#quota.take()) return this.#tellDropped();
    const print = (): void => local[level]?.(message, ...more);
    const text = lineOf(message, more);
    if (!this.#send(level, text.length > lineLength ? `${text.slice(0, lineLength)}…` : text, FlameCall.current()?.id ?? 0)) return print();
    if (this.#unsent.length === 0) setImmediate(() => (this.#unsent = []));
    this.#unsent.push(print);
  }

  /** Once a second, as long as lines are dropped. */
  #tellDropped(): void {
    if (this.#telling) return;
    this.#telling = setTimeout(() => {
      this.#telling = undefined;
      this.#send('dropped', String(this.#quota.takeDropped()), 0);
    }, 1_000).unref();
  }
}

/** `[Context] message more`, as Nest's console has it: the last of several is the context. */
function lineOf(message: unknown, more: readonly unknown[]): string {
  const last = more.at(-1);
  const context = typeof last === 'string' ? last : undefined;
  const rest = (context === undefined ? more : more.slice(0, -1)).filter((part) => part !== undefined);
  const words = [message, ...rest].map((part) => (typeof part === 'string' ? part : inspect(part, { breakLength: Infinity })));
  return `${context === undefined ? '' : `[${context}] `}${words.join(' ')}`;
}
