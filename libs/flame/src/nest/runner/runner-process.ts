import { Logger } from '@nestjs/common';
import { NestApplication, NestApplicationContext } from '@nestjs/core';
import type { AbstractHttpAdapter, ModulesContainer } from '@nestjs/core';
import { configExitCode } from '../../core/errors/config-exit-code.js';
import { saveCompiledCode } from '../../backends/launch/compile-cache.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { ParentInfo } from '../../core/parent-info.js';
import { RunnerHost } from '../../runner/host/runner-host.js';
import type { HostedApp } from '../../runner/host/runner-host.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { HealthStatus } from '../../transport/grpc/health-status.js';
import { SystemClock } from '../../system/system-clock.js';
import { FlameApp } from '../module/flame-app.js';
import { FlameParent } from '../module/flame-parent.js';
import { ForwardingLogger } from '../log/forwarding-logger.js';
import { keepGatewaysClosed } from './gateway-ports.js';
import { howToSwitchOff, liveSources } from './live-sources.js';
import { nestLog } from '../log/nest-log.js';
import { endWithoutApp } from './runner-role.js';
import { schemaChanges } from './schema-changes.js';

/** The app of a runner, from its FlameModule. */
export interface RunnerApp extends Omit<HostedApp, 'close'> {
  readonly modules: ModulesContainer;
  /** The names of its pools. */
  readonly pools: readonly string[];
  /** The port of its health checks; undefined for none. */
  readonly healthPort: number | undefined;
  /** Undefined where the app has none. */
  readonly adapter: Pick<AbstractHttpAdapter, 'listen'> | undefined;
}

/** Time after which a runner looks for servers that the app opened after its start. */
const lookAgain = 1_000;

/**
 * This process as a runner. The first app with a FlameModule that is initialised is the runner's app: it is attached and, at the end,
 * closed. The promise of its initialisation never settles, so that main.ts stops there. Nest's classes are patched in runner processes
 * only.
 */
export class RunnerProcess {
  readonly #info: ParentInfo;
  readonly #host: RunnerHost;
  readonly #health = new HealthStatus();
  readonly #apps = new Map<FlameApp, RunnerApp>();
  readonly #attached: Promise<NestApplicationContext>;
  /** The warnings given so far. */
  readonly #schemaChanges = new Set<string>();
  #settle!: { resolve: (app: NestApplicationContext) => void; reject: (error: unknown) => void };
  #serving: NestApplicationContext | undefined;
  #closed: Promise<void> | undefined;
  #lookedForLive = false;
  /** An app with a FlameModule was closed before any was initialised. */
  #closedEarly = false;

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
    process.once('exit', (code) => this.#explainEarlyEnd(code));
    process.on('uncaughtExceptionMonitor', (error: NodeJS.ErrnoException) => this.#explain(error));
  }

  /** Resolves with the runner's app when the runner is attached. */
  get attached(): Promise<NestApplicationContext> {
    return this.#attached;
  }

  /** Prepares an app that is being created, before its providers connect to databases. */
  prepare(modules: ModulesContainer, adapter: RunnerApp['adapter']): void {
    keepGatewaysClosed(modules, adapter !== undefined && adapter !== null);
    this.#warnOfSchemaChanges(modules);
  }

  /** Registers an app that is being initialised, and keeps its HTTP adapter from opening a port. */
  adopt(flame: FlameApp, app: RunnerApp): void {
    this.#apps.set(flame, app);
    // Options that a factory gives are known by now.
    this.#warnOfSchemaChanges(app.modules);
    // Without the adapter's callback the promise of app.listen() stays pending, and main.ts does not go on as a server.
    if (app.adapter) app.adapter.listen = () => undefined;
    if (app.healthPort !== undefined) void this.#openHealth(app.healthPort);
  }

  /** An app was closed. When the runner's own app closes itself, the runner ends. */
  appClosed(flame: FlameApp): void {
    this.#closedEarly ||= this.#serving === undefined;
    if (!this.#serving || flameOf(this.#serving) !== flame) return;
    this.#closed ??= Promise.resolve();
    void this.#host.leave(0, 'the app was closed');
  }

  get #name(): string {
    return `runner ${this.#info.runner} of pool "${this.#info.pool}"`;
  }

  /** Opens the health checks for the platform's probes. A runner works without them, too. */
  async #openHealth(port: number): Promise<void> {
    try {
      const { OpsServer } = await import('../../ops/ops-server.js');
      await new OpsServer({ host: '0.0.0.0', port }, this.#health).open();
    } catch (error) {
      nestLog.error(
        `${this.#name} does not answer health checks: ${(error as Error).message}. Set ops.runnerPort only if each runner has a host of its own.`,
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
    // main.ts stops where it awaits this, directly or in createApplicationContext() or listen(). Only a handler may start such an app and
    // go on.
    for (const { prototype } of [NestApplicationContext, NestApplication]) {
      const init = prototype.init;
      prototype.init = async function (this: NestApplicationContext) {
        const app: unknown = await init.call(this);
        return flameOf(this) && !FlameCall.current() ? new Promise(() => undefined) : app;
      } as typeof init;
    }
    // Nest would close the database clients during running calls; the host drains first.
    NestApplicationContext.prototype.enableShutdownHooks = function () {
      return this;
    };
    const name = this.#name;
    const startAll = NestApplication.prototype.startAllMicroservices;
    NestApplication.prototype.startAllMicroservices = async function () {
      if (!flameOf(this)) return startAll.call(this);
      nestLog.log(`${name} starts no microservices: startAllMicroservices() does nothing in a runner`);
      return this;
    };
  }

  /**
   * Called after an app has run its bootstrap hooks. An app without a FlameModule, such as one that reads the configuration, runs as in the
   * parent.
   */
  #up(app: NestApplicationContext): void {
    const found = flameOf(app);
    const runner = found && this.#apps.get(found);
    if (!runner) return;
    silenceMicroservice(app);
    if (this.#serving) return nestLog.warn(`${this.#name} created a second app with a FlameModule; only the first one serves calls`);
    this.#serving = app;
    process.off('beforeExit', endWithoutApp);
    if (!runner.pools.includes(this.#info.pool)) nestLog.error(`${this.#name}: ${notMine(this.#info.pool)}`);
    // A runner that leaves before `lookAgain` looks now.
    const close = (): Promise<void> => {
      this.#warnOfLive(runner.modules);
      return (this.#closed ??= app.close());
    };
    this.#host.serve({ ...runner, close }).then(() => {
      Logger.flush();
      ForwardingLogger.install((level, text, call) => this.#host.log(level, text, call));
      nestLog.log(`${this.#name} is attached and serves no HTTP`);
      this.#settle.resolve(app);
      setTimeout(() => {
        this.#warnOfLive(runner.modules);
        saveCompiledCode();
      }, lookAgain).unref();
    }, this.#settle.reject);
  }

  #warnOfSchemaChanges(modules: ModulesContainer): void {
    for (const change of schemaChanges(modules)) {
      if (this.#schemaChanges.has(change)) continue;
      this.#schemaChanges.add(change);
      nestLog.warn(`${this.#name} changes a database's schema at its start, as its parent does: ${change}.`);
    }
  }

  #warnOfLive(modules: ModulesContainer): void {
    const live = this.#lookedForLive ? [] : liveSources(modules);
    this.#lookedForLive = true;
    if (live.length === 0) return;
    nestLog.warn(
      `${this.#name} does work that only its parent should do: ${live.join('; ')}. To switch that off: ${howToSwitchOff(live)}.`,
    );
  }

  /** Explains a script that ended by itself without an error. The parent shows this line. */
  #explainEarlyEnd(code: number): void {
    if (this.#serving || !this.#closedEarly || (code !== 0 && code !== configExitCode)) return;
    // The app's logger may be asynchronous.
    process.stderr.write(`${this.#name}: the script closed its app before that was initialised, and initialised no other app\n`);
  }

  /**
   * Explains EADDRINUSE: on its parent's host a runner finds the parent's port taken, and the error does not say that this process is a
   * runner.
   */
  #explain(error: NodeJS.ErrnoException): void {
    if (error.code !== 'EADDRINUSE') return;
    nestLog.error(
      `${this.#name} tried to listen on a port, as its parent does (${error.message}). Open that server only if (!FlameParent.get()).`,
    );
  }
}

let here: RunnerProcess | undefined;

/** This process as a runner; undefined in a parent. Made on the first call, before the app is. */
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

function notMine(pool: string): string {
  return `the script's first app with a FlameModule serves the runner, but it has no pool "${pool}". Set the option entry of that pool's backend to a file that starts only the pool's app.`;
}

/** Keeps a microservice from opening its transport, which it does right after its hooks. */
function silenceMicroservice(app: object): void {
  const { serverInstance } = app as { serverInstance?: { listen?: unknown } };
  if (serverInstance && typeof serverInstance.listen === 'function') serverInstance.listen = () => undefined;
}

/** @throws {FlameError} FLAME_CONFIG in a parent. */
export function needRunnerProcess(asker: string): RunnerProcess {
  const runner = runnerProcess();
  if (runner) return runner;
  throw new FlameError('FLAME_CONFIG', `${asker} works only in a runner, where FLAME_PARENT is set. Call it only if (FlameParent.get()).`);
}
