import { hostname } from 'node:os';
import { AbortListeners } from '../../core/call/abort-listeners.js';
import type { Clock } from '../../core/clock.js';
import type { FlameLog } from '../../core/flame-log.js';
import type { HandlerIndex } from '../../nest/handlers/handler-index.js';
import { manifestOf } from '../../nest/handlers/manifest-of.js';
import type { InstanceServer } from './instance-server.js';
import type { InstanceIdentity } from '../../transport/grpc/instance-identity.js';
import type { Hello } from '../../transport/session/link.js';
import { joinAddress } from '../discovery/address.js';
import { Callers } from './callers.js';
import type { InstanceInfo } from './instance-info.js';
import { InstanceSession, versionOf } from './instance-session.js';
import { InstanceTable } from './instance-table.js';
import type { Replication } from '../replication/replication.js';
import { RegionCalls } from '../region-calls.js';
import type { RpcConfig } from '../rpc-options.js';

/** Time between two warnings about refused clients, in milliseconds. */
const quiet = 60_000;

/**
 * This process as one of the app's instances: it answers the calls of other instances, and makes its own. It owns the server, the table,
 * and the sessions in both directions.
 */
export class RpcInstance {
  readonly calls: RegionCalls;
  readonly listeners: AbortListeners;
  readonly #config: RpcConfig;
  readonly #index: HandlerIndex;
  readonly #clock: Clock;
  readonly #log: FlameLog;
  readonly #about: Hello;
  readonly #table: InstanceTable | undefined;
  readonly #callers: Callers;
  #identity: Promise<InstanceIdentity> | undefined;
  #server: InstanceServer | undefined;
  #warnedAt = -Infinity;
  #drained: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(config: RpcConfig, index: HandlerIndex, replication: Replication, clock: Clock, log: FlameLog) {
    this.#config = config;
    this.listeners = replication.listeners;
    this.#index = index;
    this.#clock = clock;
    this.#log = log;
    const { instance, myRegion, network, refreshEvery } = config;
    const manifest = manifestOf(index.names);
    const version = config.version ?? versionOf(manifest.digest);
    this.#about = {
      runner: instance,
      manifest,
      pid: process.pid,
      host: hostname(),
      node: process.versions.node,
      region: myRegion,
      app: version,
      positions: config.replicationClock !== undefined,
    };
    this.#callers = new Callers({ config, table: index, clock, log });
    const dial = (address: string, signal: AbortSignal): Promise<InstanceSession> => this.#dial(address, signal);
    this.#table = network && new InstanceTable({ id: instance, discovery: network.discovery, refreshEvery, clock, log, dial });
    const server = (): InstanceServer | undefined => this.#server;
    const self: InstanceInfo = {
      id: instance,
      region: myRegion,
      version,
      self: true,
      get address() {
        const open = server();
        return open ? joinAddress(config.host ?? hostname(), open.port) : 'here';
      },
    };
    this.calls = new RegionCalls({ config, self, clock, listeners: this.listeners, replication, table: this.#table });
  }

  /**
   * Listens for other instances and searches for them. Not called in a runner, which only makes calls.
   *
   * @throws {FlameError} FLAME_CONFIG when it cannot listen.
   */
  async start(): Promise<void> {
    const { network, instance, myRegion, primaryRegion, host, port, reconnectTimeout, maxPayload, preAuth } = this.#config;
    if (!network || !this.#table) return;
    const [{ InstanceServer }, identity] = await Promise.all([import('./instance-server.js'), this.#myIdentity()]);
    this.#server = await InstanceServer.open({
      about: this.#about,
      identity,
      host,
      port,
      reconnectTimeout,
      maxPayload,
      preAuth,
      clock: this.#clock,
      onCaller: (caller) => this.#callers.serve(caller),
      onRefused: (client, why) => this.#refused(client, why),
    });
    const handlers = this.#index.names.length;
    this.#log.log(
      `instance ${instance} of region ${myRegion} (primary: ${primaryRegion}) listens for other instances on ${joinAddress(host ?? '0.0.0.0', this.#server.port)}; ` +
        `${handlers} handler${handlers === 1 ? '' : 's'}, version ${this.#about.app}`,
    );
    void this.#table.ready;
  }

  /** Takes no more calls from other instances; running calls get `shutdownTimeout`. Idempotent. */
  drain(): Promise<void> {
    this.#drained ??= this.#callers.drain(this.#config.shutdownTimeout, 'it is shutting down');
    return this.#drained;
  }

  /** Drains, makes no more calls, and closes all resources. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.drain();
      this.calls.close();
      await this.#table?.close(this.#config.shutdownTimeout);
      await this.#server?.close('it is shutting down');
    })();
    return this.#closed;
  }

  #myIdentity(): Promise<InstanceIdentity> {
    return (this.#identity ??= this.#config.network!.identity());
  }

  async #dial(address: string, signal: AbortSignal): Promise<InstanceSession> {
    const { reconnectTimeout, maxPayload, codec } = this.#config;
    const [{ dialInstance }, identity] = await Promise.all([import('./instance-dial.js'), this.#myIdentity()]);
    const clock = this.#clock;
    const attachment = await dialInstance({ address, about: this.#about, identity, reconnectTimeout, maxPayload, clock, signal });
    if (signal.aborted) {
      attachment.link.drop('it answered too late');
      throw signal.reason;
    }
    return new InstanceSession({ address, attachment, codec, clock, listeners: this.listeners, warn: (text) => this.#log.warn(text) });
  }

  /** Warns at most once a minute, so that refused clients cannot fill the log. */
  #refused(client: string, why: string): void {
    if (this.#clock.now() - this.#warnedAt < quiet) return;
    this.#warnedAt = this.#clock.now();
    this.#log.warn(`refused a connection from ${client}, which is not an instance of this app: ${why.trim()}`);
  }
}
