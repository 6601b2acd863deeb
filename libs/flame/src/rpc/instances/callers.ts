import type { Clock } from '../../core/clock.js';
import type { FlameLog } from '../../core/flame-log.js';
import { Executor } from '../../runner/executor/executor.js';
import type { HandlerTable } from '../../runner/executor/handler-table.js';
import type { Attachment, Link } from '../../transport/session/link.js';
import { AnsweringLink } from '../replication/answering-link.js';
import type { RpcConfig } from '../rpc-options.js';

export interface CallersSetup {
  readonly config: RpcConfig;
  readonly table: HandlerTable;
  readonly clock: Clock;
  readonly log: FlameLog;
}

/** Serves the other instances that call this one, with one executor for each session, on this app's own handlers. */
export class Callers {
  readonly #setup: CallersSetup;
  readonly #serving = new Map<Link, { readonly executor: Executor; readonly answers: AnsweringLink; readonly gone: Promise<void> }>();
  #leaving: string | undefined;

  constructor(setup: CallersSetup) {
    this.#setup = setup;
  }

  /** Serves a new session. */
  serve({ link, hello }: Attachment): void {
    const { config, table, clock, log } = this.#setup;
    let left!: () => void;
    const gone = new Promise<void>((resolve) => (left = resolve));
    const answers = new AnsweringLink(link, config.replicationClock);
    const executor = new Executor({
      link: answers,
      table,
      codec: config.codec,
      info: { pool: '', runner: config.instance, trackResources: false },
      peer: `instance ${hello.runner.split('/')[0]} (region ${hello.region})`,
      clock,
      log,
      context: config.context,
      ...(config.tracing && { tracer: config.tracing }),
      onLeave: () => {},
      onEnd: (end) => {
        left();
        executor.abortLinked(`the calling instance is gone: ${end.reason}`);
        void executor.drain(config.shutdownTimeout, end.reason).then(() => this.#serving.delete(link));
      },
    });
    this.#serving.set(link, { executor, answers, gone });
    answers.open(executor);
    if (this.#leaving !== undefined) void executor.drain(config.shutdownTimeout, this.#leaving);
  }

  /**
   * Announces that this instance takes no more calls, gives running calls `grace` milliseconds, and waits until the callers have ended
   * their sessions. A call that was sent before its caller got the announcement is returned unstarted, and its caller sends it to another
   * instance.
   */
  async drain(grace: number, reason: string): Promise<void> {
    this.#leaving = reason;
    const serving = [...this.#serving.values()];
    await Promise.all(serving.map(({ executor }) => executor.drain(grace, reason)));
    await Promise.all(serving.map(({ answers }) => answers.idle()));
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => (cancel = this.#setup.clock.after(this.#setup.config.reconnectTimeout, resolve, true)));
    await Promise.race([late, Promise.all(serving.map(({ gone }) => gone))]);
    cancel();
  }
}
