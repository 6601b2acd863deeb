import { Logger } from '@nestjs/common';
import { NestApplication, NestApplicationContext } from '@nestjs/core';
import type { AbstractHttpAdapter, ModulesContainer } from '@nestjs/core';
import { FlameError } from '../core/flame-error.js';
import type { ParentInfo } from '../core/parent-info.js';
import { RunnerHost } from '../runner/runner-host.js';
import type { HostedApp } from '../runner/runner-host.js';
import { HealthBook } from '../wire/health-book.js';
import { SystemClock } from '../wire/system-clock.js';
import { FlameApp } from './flame-app.js';
import { FlameParent } from './flame-parent.js';
import { ForwardingLogger } from './forwarding-logger.js';
import { liveSources } from './live-sources.js';
import { nestLog } from './nest-log.js';
import { endWithoutApp } from './runner-role.js';

/** What a FlameModule in a runner has to offer, once it is initialised. */
export interface RunnerApp extends Omit<HostedApp, 'close'> {
  readonly modules: ModulesContainer;
  /** Where it answers health checks; nowhere when undefined. */
  readonly healthPort: number | undefined;
  /** Undefined where the app has none. */
  readonly adapter: Pick<AbstractHttpAdapter, 'listen'> | undefined;
}

/** Time after which a runner looks for servers that the app opened once it was up. */
const lookAgain = 1_000;

/**
 * This process as a runner. It takes over from Nest what would make the runner serve as the parent does, learns when the app is up,
 * attaches it and, in the end, closes it. Nest's classes are changed in runner processes only.
 */
export class RunnerProcess {
  readonly #info: ParentInfo;
  readonly #host: RunnerHost;
  readonly #health = new HealthBook();
  readonly #apps = new Map<FlameApp, RunnerApp>();
  readonly #attached: Promise<void>;
  #settle!: { resolve: () => void; reject: (error: unknown) => void };
  #serving: NestApplicationContext | undefined;
  #closed: Promise<void> | undefined;

  constructor(info: ParentInfo) {
    this.#info = info;
    this.#health.set('', false);
    this.#host = new RunnerHost({
      info,
      clock: new SystemClock(),
      log: nestLog,
      ready: (ready) => this.#health.set('', ready),
      exit: (code) => process.exit(code),
    });
    this.#attached = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.#attached.catch((error: unknown) => {
      nestLog.error(`${this.#name} ends: ${error instanceof Error ? error.message : String(error)}`);
      process.exit(1);
    });
    this.#takeOverNest();
    process.on('uncaughtExceptionMonitor', (error: NodeJS.ErrnoException) => this.#explain(error));
  }

  /** Resolves when the parent has let this runner in. */
  get attached(): Promise<void> {
    return this.#attached;
  }

  /** Takes an app in that is being initialised: its HTTP adapter will open no port. */
  adopt(flame: FlameApp, app: RunnerApp): void {
    this.#apps.set(flame, app);
    // The adapter's callback is what settles the promise of app.listen(): it stays pending, and main.ts does not go on as a server would.
    if (app.adapter) app.adapter.listen = () => undefined;
    if (app.healthPort !== undefined) void this.#openHealth(app.healthPort);
  }

  /** The app was closed by its own doing: so the runner ends. */
  appClosed(): void {
    this.#closed ??= Promise.resolve();
    void this.#host.leave(0, 'the app was closed');
  }

  get #name(): string {
    return `runner ${this.#info.runner} of pool "${this.#info.pool}"`;
  }

  /** For its platform's probes. A runner without them works all the same. */
  async #openHealth(port: number): Promise<void> {
    try {
      const { OpsServer } = await import('../wire/ops-server.js');
      await new OpsServer({ host: '0.0.0.0', port }, this.#health).open();
    } catch (error) {
      nestLog.error(
        `${this.#name} answers no health checks: ${(error as Error).message}. Runners that share a host cannot all have ops.runnerPort.`,
      );
    }
  }

  #takeOverNest(): void {
    const context = NestApplicationContext.prototype as unknown as { callBootstrapHook: (this: NestApplicationContext) => Promise<void> };
    const bootstrap = context.callBootstrapHook;
    const up = (app: NestApplicationContext): void => this.#up(app);
    context.callBootstrapHook = async function () {
      await bootstrap.call(this);
      up(this);
    };
    // Nest would close the database clients under the running work; the host drains first.
    NestApplicationContext.prototype.enableShutdownHooks = function () {
      return this;
    };
    const name = this.#name;
    NestApplication.prototype.startAllMicroservices = async function () {
      nestLog.log(`${name} starts no microservices: startAllMicroservices() does nothing in a runner`);
      return this;
    };
  }

  /** An app has run all its hooks. */
  #up(app: NestApplicationContext): void {
    const found = flameOf(app);
    const runner = found && this.#apps.get(found);
    if (!runner) return nestLog.warn(`${this.#name} made an app that has no FlameModule; it takes no part`);
    if (this.#serving) return nestLog.warn(`${this.#name} made a second app with a FlameModule; only the first takes part`);
    this.#serving = app;
    process.off('beforeExit', endWithoutApp);
    silenceMicroservice(app);
    const close = (): Promise<void> => (this.#closed ??= app.close());
    this.#host.serve({ ...runner, close }).then(() => {
      Logger.flush();
      ForwardingLogger.install((level, text, call) => this.#host.log(level, text, call));
      nestLog.log(`${this.#name} is attached and serves no HTTP`);
      this.#settle.resolve();
      setTimeout(() => this.#warnOfLive(runner.modules), lookAgain).unref();
    }, this.#settle.reject);
  }

  #warnOfLive(modules: ModulesContainer): void {
    const live = liveSources(modules);
    if (live.length === 0) return;
    nestLog.warn(
      `${this.#name} also does what only its parent should: ${live.join('; ')}. Leave these out of runners with FlameParent.unlessRunner([…]) or FlameParent.get().`,
    );
  }

  /** A runner on its parent's host finds the port taken, and its error says nothing of why there are two of them. */
  #explain(error: NodeJS.ErrnoException): void {
    if (error.code !== 'EADDRINUSE') return;
    nestLog.error(
      `${this.#name} tried to listen, as its parent does (${error.message}). A runner must not: open that server only if (!FlameParent.get()).`,
    );
  }
}

let here: RunnerProcess | undefined;

/** This process as a runner; undefined in a parent. Made when it is first asked for, before the app is. */
export function runnerProcess(): RunnerProcess | undefined {
  const info = FlameParent.get();
  if (info) here ??= new RunnerProcess(info);
  return here;
}

function flameOf(app: NestApplicationContext): FlameApp | undefined {
  try {
    return app.get(FlameApp, { strict: false });
  } catch {
    return undefined;
  }
}

/** An app that is a microservice opens its transport right after its hooks. */
function silenceMicroservice(app: object): void {
  const { serverInstance } = app as { serverInstance?: { listen?: unknown } };
  if (serverInstance && typeof serverInstance.listen === 'function') serverInstance.listen = () => undefined;
}

/** @throws {FlameError} FLAME_CONFIG in a parent. */
export function needRunnerProcess(asker: string): RunnerProcess {
  const runner = runnerProcess();
  if (runner) return runner;
  throw new FlameError(
    'FLAME_CONFIG',
    `${asker} works in a runner only, that is where FLAME_PARENT is set. Call it if (FlameParent.get()).`,
  );
}
