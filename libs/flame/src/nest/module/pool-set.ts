import { AsyncResource } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { AppBuild } from '../../backends/launch/app-build.js';
import type { FlameBackend, LocalMachine } from '../../backends/backend.js';
import { AbortListeners } from '../../core/call/abort-listeners.js';
import { createCodec } from '../../core/codec/create-codec.js';
import type { Clock } from '../../core/clock.js';
import type { Codec } from '../../core/codec/codec.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { Manifest } from '../../core/manifest.js';
import type { ParentInfo } from '../../core/parent-info.js';
import { doubtfulDurations } from '../../core/options/doubtful-durations.js';
import type { PoolConfig } from '../../core/options/pool-config.js';
import type { PoolMetrics } from '../../core/metrics/pool-metrics.js';
import { BuildCheck } from '../../pool/runners/build-check.js';
import type { Caller } from '../../pool/calls/caller.js';
import { Pool } from '../../pool/pool.js';
import type { PoolSetup } from '../../pool/pool-setup.js';
import type { HandlerTable } from '../../runner/executor/handler-table.js';
import { startLocalRunner } from '../../runner/host/local-runner.js';
import { GrpcAttachServer } from '../../transport/attach/grpc-attach-server.js';
import { HealthStatus } from '../../transport/grpc/health-status.js';
import type { ParentAddress } from '../../transport/session/link.js';
import { MemoryAttachServer } from '../../transport/attach/memory-attach-server.js';
import type { OpsServer } from '../../ops/ops-server.js';
import type { CaughtError } from '../handlers/caught-errors.js';
import type { FlameConfig } from './flame-options.js';
import { FlameParent } from './flame-parent.js';
import type { HandlerIndex } from '../handlers/handler-index.js';
import type { InPlaceSetup } from '../flame/in-place.js';
import { manifestOf } from '../handlers/manifest-of.js';
import { automaticClasses } from '../classes/automatic-classes.js';
import { httpExceptions, lateExceptions } from '../classes/nest-classes.js';
import { logOutput, logRunnerLine, nestLog } from '../log/nest-log.js';
import { isLoopback } from './ops-option.js';
import { closing, PoolShutdown } from './pool-shutdown.js';
import { refuseBelowOwnRunner } from '../../backends/launch/ancestor-apps.js';
import { underTest } from '../../backends/launch/under-test.js';
import { allocate } from '../../transport/session/large-values.js';

/** Finds the exception filter that catches one of these prototypes. */
export type FindCaught = (lost: readonly object[]) => CaughtError | undefined;

/**
 * The pools of one app and what they share: attach servers, codec and backends. It owns all of these. In a runner it is made but not
 * started.
 */
export class PoolSet {
  readonly pools: ReadonlyMap<string, Pool>;
  /** The setup of each pool, which `doctor` uses to boot a runner beside the pool. */
  readonly setups: ReadonlyMap<string, PoolSetup>;
  readonly manifest: Manifest;
  /** The handlers that runners run. */
  readonly table: HandlerTable;
  readonly codec: Codec;
  /** The setup of calls and children in place. */
  readonly inPlace: InPlaceSetup;
  readonly #config: FlameConfig;
  readonly #index: HandlerIndex;
  readonly #clock: Clock;
  readonly #buildCheck: BuildCheck;
  /** Names this parent; it is part of runners' names. */
  readonly #parent = randomBytes(3).toString('hex');
  readonly #memoryAttachServer = new MemoryAttachServer();
  readonly #grpcAttachServer: GrpcAttachServer;
  readonly #caller: (() => Caller | undefined) | undefined;
  readonly #closing = new AbortController();
  readonly #shutdown: PoolShutdown;
  readonly #health = new HealthStatus();
  #ops: OpsServer | undefined;
  #reaped: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  /**
   * `build` is the build of this process; `caller` gives the client of the current request, `findCaught` the exception filter for an error.
   */
  constructor(
    config: FlameConfig,
    index: HandlerIndex,
    inRunner: boolean,
    more: { build?: AppBuild | undefined; caller?: () => Caller | undefined; findCaught?: FindCaught } = {},
  ) {
    this.#config = config;
    this.#caller = more.caller;
    this.#index = index;
    this.table = index;
    this.#clock = config.clock;
    this.inPlace = { clock: config.clock, listeners: new AbortListeners(), tracer: config.tracing, children: new Set() };
    this.manifest = manifestOf(index.entries, more.build?.digest, index.digests);
    this.#buildCheck = new BuildCheck(more.build, config.buildMismatch, (text) => nestLog.warn(text));
    this.codec = createCodec({
      classes: [...httpExceptions(), ...config.classes],
      find: automaticClasses(() => index.signatures()),
      errors: lateExceptions,
      onLost: (lost, base) => warnOfCaught(more.findCaught?.(lost), base),
      maxBytes: FlameParent.get()?.maxPayload ?? config.maxPayload,
      allocate,
    });
    const { host: bind, port, tls, preAuth, reconnectTimeout, maxPayload, sharedMemoryFrom } = config;
    this.#grpcAttachServer = new GrpcAttachServer(
      {
        bind,
        port,
        tls,
        preAuth,
        reconnectTimeout,
        maxPayload,
        sharedMemoryFrom,
        clock: this.#clock,
        warn: (text) => nestLog.warn(text),
      },
      this.#health,
    );
    this.setups = new Map(
      config.pools.map((pool) => [pool.name, this.#setup(inRunner ? { ...pool, min: 0, headroom: 0, log: false } : pool)]),
    );
    this.pools = new Map(Array.from(this.setups, ([name, setup]) => [name, new Pool(setup)]));
    this.#shutdown = new PoolShutdown(this.pools, this.#clock);
    for (const service of ['', ...Array.from(this.pools.keys(), healthName)]) this.#health.set(service, false);
  }

  /**
   * Lets every backend check its options and environment.
   *
   * @throws {FlameError} FLAME_CONFIG if a backend cannot work here, and below a runner of this same app.
   */
  async prepare(): Promise<void> {
    refuseBelowOwnRunner(this.manifest.digest);
    for (const backend of this.#backends()) await this.prepareOne(backend);
    if ([...this.#backends()].some(({ reach }) => reach !== 'memory')) await this.#grpcAttachServer.load();
  }

  /** @throws {FlameError} FLAME_CONFIG if the backend cannot work here. */
  async prepareOne(backend: FlameBackend): Promise<void> {
    await backend.prepare({ parent: this.#parent, underTest: underTest(), log: nestLog });
  }

  /**
   * Boots the `min` runners of all pools. @throws {FlameError} FLAME_BOOT if a required one cannot be booted; then no runner is left.
   */
  async start(): Promise<void> {
    for (const { config, backend } of this.setups.values())
      for (const warning of doubtfulDurations(config, backend.reach === 'memory')) nestLog.warn(warning);
    await this.#openOps();
    this.#reaped = this.#reap();
    const starts = await Promise.allSettled(Array.from(this.pools.values(), (pool) => pool.start()));
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed) {
      await this.close();
      throw failed.reason;
    }
    for (const [name, pool] of this.pools) this.#health.set(healthName(name), !pool.draining);
    this.#health.set('', true);
    this.#sayReady();
  }

  /** Removes machines that dead parents left. A platform that does not answer does not keep the app from starting. */
  async #reap(): Promise<void> {
    for (const backend of this.#backends()) {
      try {
        const count = await backend.reap(this.#closing.signal);
        if (count > 0) nestLog.log(`${backend.name}: removed ${count} machine${count === 1 ? '' : 's'} of dead parents`);
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        nestLog.warn(`${backend.name}: looking for machines of dead parents failed: ${(error as Error).message}`);
      }
    }
  }

  /**
   * The app begins to close. Ends the work that uses this app's own providers, before they are destroyed: drains the pools whose runners
   * live in this process, then ends the children in place. Idempotent.
   */
  async closeLocal(): Promise<void> {
    const local = this.#config.pools.filter(({ backend }) => (backend ?? this.#config.backend).reach === 'memory');
    this.#health.set('', false);
    this.#shutdown.begin(this.#config.pools);
    await Promise.all(local.map(({ name }) => this.#shutdown.drain(name)));
    await Promise.all(Array.from(this.inPlace.children, (child) => child.end('leaving', closing)));
  }

  /** Drains the pools, then closes the attach servers and the backends. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Reports the failure of a cast. Bound to no call: a cast has no caller. */
  readonly castFailed = AsyncResource.bind((error: unknown, handler: string): void => {
    nestLog.error(`cast ${handler} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    this.#config.onCastError?.(error, handler);
  });

  async #openOps(): Promise<void> {
    const { ops } = this.#config;
    if (ops?.port === undefined) return;
    const { OpsServer } = await import('../../ops/ops-server.js');
    const metrics = (): PoolMetrics[] => Array.from(this.pools.values(), (pool) => pool.metrics());
    this.#ops = new OpsServer({ ...ops, port: ops.port }, this.#health, metrics);
    const port = await this.#ops.open();
    nestLog.log(`health and metrics on ${ops.host}:${port}`);
    if (ops.token !== undefined && !ops.tls && !isLoopback(ops.host))
      nestLog.warn(`ops.token is sent unencrypted on ${ops.host}:${port}. Set ops.tls, unless the network is private`);
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#health.close();
    await this.#shutdown.drainAll();
    await Promise.all([this.#memoryAttachServer.close(), this.#grpcAttachServer.close()]);
    await this.#reaped;
    this.#ops?.close();
    for (const backend of this.#backends()) await backend.close();
  }

  #backends(): Set<FlameBackend> {
    return new Set(this.#config.pools.map((pool) => pool.backend ?? this.#config.backend));
  }

  #setup(config: PoolConfig<FlameBackend>): PoolSetup {
    const backend = config.backend ?? this.#config.backend;
    return {
      config,
      backend,
      attachServer: backend.reach === 'memory' ? this.#memoryAttachServer : this.#grpcAttachServer,
      address: (host, tunnel) => this.#address(backend, host, tunnel),
      manifest: this.manifest,
      captures: (handler) => this.#index.captures(handler),
      refusal: this.#buildCheck.refusal,
      codec: this.codec,
      log: nestLog,
      clock: this.#clock,
      listeners: this.inPlace.listeners,
      parent: this.#parent,
      maxPayload: this.#config.maxPayload,
      reconnectTimeout: this.#config.reconnectTimeout,
      inProcess: async (info) => this.#startLocal(info, config),
      output: (line, stream, pool, runner) => logOutput(line, stream, { pool, runner, call: 0 }, config.logStartup),
      runnerLog: (level, text, pool, runner, call, time) => logRunnerLine(level, text, { pool, runner, call, time }),
      onCastError: this.castFailed,
      context: this.#config.context,
      tracer: this.#config.tracing,
      caller: this.#caller,
      onDraining: () => this.#health.set(healthName(config.name), false),
    };
  }

  async #address(backend: FlameBackend, host?: string, tunnel?: (port: number) => Promise<string>): Promise<ParentAddress> {
    if (backend.reach === 'memory') return { address: 'memory' };
    if (backend.reach === 'host') return this.#grpcAttachServer.address('host');
    if (tunnel !== undefined) return this.#grpcAttachServer.tunnelled(tunnel);
    if (host !== undefined) return this.#grpcAttachServer.address('network', host);
    throw new FlameError(
      'FLAME_CONFIG',
      `backend "${backend.name}" does not say under which address its machines reach the parent. Call request.flameParent({ host }) in its boot().`,
    );
  }

  #startLocal(info: ParentInfo, { idleCheck }: PoolConfig): LocalMachine {
    const { manifest, codec } = this;
    const { context, tracing: tracer } = this.#config;
    const hello = { runner: info.runner, manifest, pid: process.pid, host: hostname(), node: process.versions.node };
    const link = this.#memoryAttachServer.attach(info.token, hello);
    return startLocalRunner({ info, link, table: this.table, codec, clock: this.#clock, log: nestLog, idleCheck, context, tracer });
  }

  #sayReady(): void {
    const pools = this.#config.pools.map(
      ({ name, min, max, backend }) => `${name} (${(backend ?? this.#config.backend).name}, ${min} to ${max})`,
    );
    const { decorated, inline, names } = this.#index;
    const callable = names.length - decorated;
    const kinds = [
      `${decorated} decorated`,
      ...(callable > 0 ? [`${callable} callable`] : []),
      ...(inline > 0 ? [`${inline} inline`] : []),
    ];
    const handlers = kinds.length === 1 ? `${decorated} handler${decorated === 1 ? '' : 's'}` : `handlers: ${kinds.join(', ')}`;
    nestLog.log(`${handlers}; pools: ${pools.join(', ')}`);
  }
}

/** Warns that a filter at the parent will not see an error whose class did not cross. */
function warnOfCaught(caught: CaughtError | undefined, base: string): void {
  if (!caught) return;
  const { type, filter } = caught;
  nestLog.warn(
    `a ${type.name} that a handler threw arrived as ${base}, because its class is not registered. So ${filter} (@Catch(${type.name})) does not catch it in the parent. Add it to the module's options: classes: [${type.name}]`,
  );
}

/** The service name of a pool in gRPC health checks. */
function healthName(pool: string): string {
  return `flame.pool.${pool}`;
}
