import type { CallTracer } from '../../core/call/call-tracer.js';
import type { Codec } from '../../core/codec/codec.js';
import { afterLimit } from '../../core/clock.js';
import type { Clock } from '../../core/clock.js';
import type { ContextCarrier } from '../../core/call/context-carrier.js';
import type { FlameLog } from '../../core/flame-log.js';
import type { Manifest } from '../../core/manifest.js';
import type { ParentInfo } from '../../core/parent-info.js';
import type { Link } from '../../transport/session/link.js';
import { Executor } from '../executor/executor.js';
import type { HandlerTable } from '../executor/handler-table.js';
import { watchLifeline } from './lifeline.js';
import type { Lifeline } from './lifeline.js';
import { onThisMachine, SiblingProcesses } from './sibling-processes.js';
import { thisProcess } from './process-environment.js';
import type { ProcessEnvironment } from './process-environment.js';

/** What a runner process has before its app has booted. */
export interface HostSetup {
  readonly info: ParentInfo;
  readonly clock: Clock;
  readonly log: FlameLog;
  /** Called when this runner begins or stops to take calls. */
  readonly ready?: (ready: boolean) => void;
  /** Ends the process. */
  readonly exit: (code: number) => void;
  /** @default this process's own */
  readonly environment?: ProcessEnvironment;
}

/** The booted app. */
export interface HostedApp {
  readonly table: HandlerTable;
  readonly manifest: Manifest;
  readonly codec: Codec;
  readonly idleCheck?: () => boolean | Promise<boolean>;
  /** FlameModule's `context` option. */
  readonly context?: ContextCarrier;
  readonly tracer?: CallTracer;
  /** Runs the app's own shutdown hooks. */
  readonly close: () => Promise<void>;
}

/** No log line is sent while more bytes than this wait to be sent to the parent. */
const mostBacklog = 1024 * 1024;
/**
 * How long a runner that ends waits for the exports of the app's OpenTelemetry SDK, in milliseconds; documented in docs/tracing.md.
 */
const exportLimit = 5_000;

/**
 * The life of a runner process. It ends the process in every case: when the parent orders it, on a signal, when the parent is gone, and
 * when the runner could not attach within `bootTimeout`. First the running calls get `shutdownTimeout`, then the app's hooks run.
 */
export class RunnerHost {
  readonly #setup: HostSetup;
  #app: HostedApp | undefined;
  #attached: Promise<void> | undefined;
  #executor: Executor | undefined;
  #link: Link | undefined;
  #closing = false;
  #watchdog: ReturnType<ProcessEnvironment['watchdog']> | undefined;
  #ending: Promise<void> | undefined;
  #bootTimer: (() => void) | undefined;
  #stopStats: (() => void) | undefined;
  /** Resolves when the parent sends nothing more: it has dismissed this runner, or the session is over. */
  readonly #dismissed: Promise<void>;
  #dismiss!: () => void;
  readonly #siblings: SiblingProcesses;
  /**
   * Set if the parent is on this host. Then only the lifeline says whether the parent is alive, because a paused parent is silent for any
   * length of time.
   */
  readonly #lifeline: Lifeline | undefined;

  constructor(given: HostSetup) {
    const setup = { ...given, info: onThisMachine(given.info) };
    this.#setup = setup;
    this.#dismissed = new Promise((resolve) => (this.#dismiss = resolve));
    const { info, clock, log } = setup;
    const lifeline = info.lifeline === undefined ? undefined : watchLifeline(info.lifeline, () => this.#bereaved());
    // On another host, the lifeline of a further process leads to the machine's first process, and not to the parent.
    if (info.sameHost) this.#lifeline = lifeline;
    // With a lifeline, no timer is needed here: a living parent ends a runner that does not boot in time.
    this.#bootTimer = afterLimit(clock, this.#lifeline ? Infinity : info.bootTimeout, () => {
      log.error(
        `this runner of pool "${info.pool}" ends, because it did not reach its parent at ${info.address} within bootTimeout (${info.bootTimeout} ms)`,
      );
      setup.exit(1);
    });
    this.#siblings = new SiblingProcesses(info, log, (reason) => void this.leave(info.shutdownTimeout, reason));
  }

  /**
   * Attaches to the parent and serves its calls; resolves when attached.
   *
   * @throws {FlameError} FLAME_DENIED when the parent does not accept this runner, or no longer accepts it.
   */
  serve(app: HostedApp): Promise<void> {
    const { info, environment = thisProcess } = this.#setup;
    this.#app = app;
    // Take over the signals first: as soon as the parent knows this runner, it may get work.
    environment.onSignal((signal) => void this.leave(info.shutdownTimeout, `it received ${signal}`));
    this.#attached = this.#attach(app);
    return this.#attached;
  }

  async #attach(app: HostedApp): Promise<void> {
    const { info, clock, log, environment = thisProcess } = this.#setup;
    // Loads gRPC, which an app needs only here and in its attach server.
    const { dial } = await import('../../transport/attach/attach-client.js');
    const link = await dial({
      info: { ...info, sameHost: this.#lifeline !== undefined },
      manifest: app.manifest,
      clock,
      openPipe: environment.openPipe,
    });
    this.#bootTimer?.();
    this.#link = link;
    this.#watchdog = environment.watchdog({
      pool: info.pool,
      runner: info.runner,
      address: info.address,
      lifeline: this.#lifeline,
      reconnectTimeout: info.reconnectTimeout,
      log,
    });
    const stayAwake = environment.stayAwake?.();
    this.#executor = new Executor({
      watchdog: this.#watchdog,
      stayAwake,
      link,
      table: app.table,
      codec: app.codec,
      info,
      clock,
      log,
      idleCheck: app.idleCheck,
      context: app.context,
      tracer: app.tracer,
      onProbe: () => {
        const costs = environment.costs?.(info.address);
        if (costs !== undefined) link.send({ type: 'stats', text: costs });
      },
      onLeave: (grace, reason) => {
        this.#dismiss();
        void this.leave(grace, reason);
      },
      onEnd: (end) => {
        this.#dismiss();
        this.#orphaned(end.reason);
      },
    });
    link.open(this.#executor);
    if (!this.#ending) this.#setup.ready?.(true);
    this.#stopStats = environment.reportStats?.(
      (text) => link.send({ type: 'stats', text }),
      () => this.#executor?.calls.takeMost() ?? 0,
      () => stayAwake?.waited ?? 0,
    );
  }

  /** Sends a line of the app's logger to the parent; returns whether it was sent. No line is sent while too many bytes wait. */
  log(level: string, text: string, call: number): boolean {
    if (!this.#link || this.#closing || this.#link.backlog > mostBacklog) return false;
    this.#link.send({ type: 'log', id: call, level, text, time: Date.now() });
    return true;
  }

  /** Finishes the running calls within `grace`, closes the app and ends the process. Idempotent: the first reason counts. */
  leave(grace: number, reason: string): Promise<void> {
    this.#ending ??= this.#leave(grace, reason);
    return this.#ending;
  }

  async #leave(grace: number, reason: string): Promise<void> {
    const { info, log, exit, ready } = this.#setup;
    ready?.(false);
    this.#bootTimer?.();
    // The parent may already have accepted this runner and sent it work, while its answer is still on the way.
    await this.#attached?.catch(() => undefined);
    await this.#executor?.drain(grace, reason);
    // Calls that the parent sent before it heard of the leaving still arrive. Closing now would leave them unanswered.
    if (this.#executor) await this.#within(this.#lifeline ? Infinity : info.reconnectTimeout, this.#dismissed);
    const closed = this.#app
      ?.close()
      .catch((error: unknown) => log.error(`closing the app failed: ${error instanceof Error ? error.stack : String(error)}`));
    await this.#within(Math.max(1_000, info.shutdownTimeout), Promise.all([closed, this.#siblings.end(info.shutdownTimeout)]));
    await this.#exportTelemetry();
    this.#stopStats?.();
    this.#closing = true;
    await this.#link?.close(reason);
    await this.#watchdog?.close();
    exit(0);
  }

  /**
   * Runs after the app's shutdown hooks, to export what they recorded. The link is still open, so that the log about lost data reaches the
   * parent.
   */
  async #exportTelemetry(): Promise<void> {
    const { log, environment = thisProcess } = this.#setup;
    const warn = (problem: string): void => log.warn(`the last OpenTelemetry data of this runner may be lost: ${problem}`);
    const exported = environment.exportTelemetry?.().catch((error: Error) => warn(error.message));
    if (!(await this.#within(exportLimit, exported))) warn(`the export took longer than ${exportLimit} ms`);
  }

  /** Waits for `done`, but not longer than `limit` milliseconds; returns whether it was in time. */
  async #within(limit: number, done: Promise<unknown> | undefined): Promise<boolean> {
    let cancel: (() => void) | undefined;
    const late = new Promise<false>((resolve) => (cancel = this.#setup.clock.after(limit, () => resolve(false), true)));
    const inTime = await Promise.race([Promise.resolve(done).then(() => true), late]);
    cancel?.();
    return inTime;
  }

  /** The parent's process is gone: the host neither waits for the session to resume nor closes it in order. */
  #bereaved(): void {
    this.#orphaned('its process is gone');
    this.#siblings.closeLifelines();
    this.#link?.drop('the parent is gone');
  }

  /** The parent is gone: calls that are linked to it end now, others get `shutdownTimeout`. */
  #orphaned(how: string): void {
    const reason = `the parent is gone: ${how}`;
    this.#executor?.abortLinked(reason);
    void this.leave(this.#setup.info.shutdownTimeout, reason);
  }
}
