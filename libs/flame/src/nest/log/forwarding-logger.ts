import { Logger } from '@nestjs/common';
import type { LoggerService, LogLevel } from '@nestjs/common';
import { LineGate, shortened } from '../../core/line-gate.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { SystemClock } from '../../system/system-clock.js';
import { logText, withContext } from './log-text.js';

/** Sends a line to the parent. Returns whether it was sent. */
export type SendLine = (level: string, text: string, call: number) => boolean;

/**
 * The logger of an attached runner. Its lines go to the parent's logger with the id of their call, and not to this process's output, which
 * the parent would log as well. A line that cannot be sent is printed here. Lines above a rate limit are dropped and counted.
 */
export class ForwardingLogger implements LoggerService {
  readonly #local: LoggerService;
  readonly #send: SendLine;
  readonly #gate = new LineGate(new SystemClock(), (dropped) => this.#send('dropped', String(dropped), 0));
  /** Lines that have not left the process yet, which are printed if it ends now. */
  #unsent: (() => void)[] = [];

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
    if (!this.#gate.pass()) return;
    const print = (): void => local[level]?.(message, ...more);
    if (!this.#send(level, shortened(withContext(logText(message, more))), FlameCall.current()?.id ?? 0)) return print();
    if (this.#unsent.length === 0) setImmediate(() => (this.#unsent = []));
    this.#unsent.push(print);
  }
}
