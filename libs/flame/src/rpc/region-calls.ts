import type { AbortListeners } from '../core/call/abort-listeners.js';
import { CallSites, failing } from '../core/call/call-site.js';
import type { CallSite } from '../core/call/call-site.js';
import type { BegunCall } from '../core/call/call-tracer.js';
import { CallScope } from '../core/call/call-scope.js';
import type { Clock } from '../core/clock.js';
import type { FlameError } from '../core/errors/flame-error.js';
import { captureContext } from '../pool/calls/capture-context.js';
import { cannotCross, reasonOf } from '../pool/calls/call-errors.js';
import type { CallOptions } from '../pool/calls/pending-call.js';
import { ValueEncoder } from '../streams/value-encoder.js';
import type { EncodedValue } from '../streams/value-encoder.js';
import type { InstanceInfo } from './instances/instance-info.js';
import { Bounced } from './instances/instance-session.js';
import type { InstanceSession, RegionCallSetup } from './instances/instance-session.js';
import type { InstanceTable } from './instances/instance-table.js';
import type { AwaitedCall } from './replication/awaited-call.js';
import type { RpcCallOptions } from './replication/await-replica.js';
import type { Replication } from './replication/replication.js';
import type { RpcConfig } from './rpc-options.js';
import * as errors from './rpc-errors.js';

/** The destination of a call. */
export type Target = { readonly region: string } | { readonly instance: string };

export interface RegionCallsSetup {
  readonly config: RpcConfig;
  readonly self: InstanceInfo;
  readonly clock: Clock;
  readonly listeners: AbortListeners;
  readonly replication: Replication;
  /** Undefined if this instance has no discovery, and so no other instances. */
  readonly table: InstanceTable | undefined;
}

/**
 * Makes calls to other instances: each to a random instance that answers and has the handler. A call that certainly did not run, because
 * its instance was leaving, is sent to another instance. A call that may have run is never repeated.
 */
export class RegionCalls {
  readonly #setup: RegionCallsSetup;
  readonly #encoder: ValueEncoder;
  readonly #sites = new CallSites();
  #calls = 0;
  #closed = false;

  constructor(setup: RegionCallsSetup) {
    this.#setup = setup;
    this.#encoder = new ValueEncoder(setup.config.codec);
  }

  /** This instance and the others that take calls. */
  get instances(): readonly InstanceInfo[] {
    return [this.#setup.self, ...this.#ready().map(({ info }) => info)];
  }

  /** Runs handler `name` on the target. The options' `timeout` covers the time from here to the result. */
  async call(target: Target, name: string, args: unknown[], options: RpcCallOptions): Promise<unknown> {
    this.#sites.now = this.#setup.clock.now();
    const site = this.#sites.take(this.call);
    const begun = this.#setup.config.tracing?.begin({ pool: '', handler: name, mode: 'call', attempt: 1 });
    const { replication } = this.#setup;
    const positions = replication.ofCall(name, options, options.timeout ?? this.#setup.config.timeout);
    try {
      const result = await this.#call(target, name, args, options, site, begun, positions);
      const value = positions ? await positions.returned(result) : result;
      begun?.record?.ended();
      return value;
    } catch (thrown) {
      const error = positions ? await positions.threw(thrown) : thrown;
      begun?.record?.ended(error);
      return failing(error, site, 'us');
    }
  }

  async #call(
    target: Target,
    name: string,
    args: unknown[],
    options: CallOptions,
    site: CallSite | undefined,
    begun: BegunCall | undefined,
    positions: AwaitedCall | undefined,
  ): Promise<unknown> {
    const { config, clock, listeners, table } = this.#setup;
    const { signal } = options;
    const timeout = options.timeout ?? config.timeout;
    const began = clock.now();
    const until = began + timeout;
    const setup = { ...this.#setupOf(name, args, options, timeout), site, ...(begun?.trace && { trace: begun.trace }) };
    const bounced = new Set<string>();
    if ('region' in target) positions?.goesTo(target.region);
    let waited = false;
    for (;;) {
      if (this.#closed) throw errors.closing(name);
      if (signal?.aborted) throw errors.neverSent(name, reasonOf(signal), signal.reason);
      const left = until - clock.now();
      if (left <= 0) throw searchedTooLong(name, timeout);
      const session = this.#pick(target, name, bounced, positions);
      if (!session && table && !waited) {
        // The first search may still be running.
        waited = true;
        const search = new CallScope({ clock, listeners });
        search.follow(signal, ({ reason }) => errors.neverSent(name, reasonOf(signal!), reason));
        search.limit(left, () => searchedTooLong(name, timeout));
        await search.within(table.ready);
        search.close();
        continue;
      }
      if (!session) throw this.#nobody(target, name, bounced);
      positions?.goesTo(session.info.region);
      begun?.record?.ran({ call: setup.id, runner: session.info.id, waited: waited ? clock.now() - began : 0, boot: undefined });
      try {
        return await session.call(setup, name, left, signal, positions);
      } catch (error) {
        // Items that were read from a stream cannot be read again.
        if (!(error instanceof Bounced) || setup.sources?.started)
          throw error instanceof Bounced ? this.#nobody(target, name, bounced) : error;
        bounced.add(session.info.id);
      }
    }
  }

  /** Refuses new calls. */
  close(): void {
    this.#closed = true;
  }

  #ready(): InstanceSession[] {
    return this.#setup.table?.sessions.filter(({ state }) => state === 'ready') ?? [];
  }

  /** The instances of the target that have not returned the call, with or without its handler. */
  #candidates(target: Target, bounced: ReadonlySet<string>): InstanceSession[] {
    return this.#ready().filter(
      ({ info }) => ('region' in target ? info.region === target.region : info.id === target.instance) && !bounced.has(info.id),
    );
  }

  #pick(target: Target, name: string, bounced: ReadonlySet<string>, positions: AwaitedCall | undefined): InstanceSession | undefined {
    let able = this.#candidates(target, bounced).filter((session) => session.has(name));
    if (positions) able = positions.choose(able);
    return able[Math.floor(Math.random() * able.length)];
  }

  #nobody(target: Target, name: string, bounced: ReadonlySet<string>): Error {
    const { self, table } = this.#setup;
    const lacking = this.#candidates(target, bounced);
    const able = lacking.filter((session) => session.has(name));
    const infos = (able.length > 0 ? able : lacking).map(({ info }) => info);
    if (able.length > 0) return errors.noPositions(name, infos);
    if (lacking.length > 0) return errors.noHandler(name, infos, self);
    const peers = table?.peers ?? [];
    if ('region' in target) return errors.noInstance(name, target.region, this.instances, peers);
    return errors.noSuchInstance(name, target.instance, this.instances, peers);
  }

  #setupOf(label: string, args: unknown[], options: CallOptions, timeout: number): RegionCallSetup {
    const { codec, context } = this.#setup.config;
    let encoded: EncodedValue;
    try {
      encoded = this.#encoder.encode(args);
    } catch (error) {
      throw cannotCross(label, error);
    }
    const { bytes, sources } = encoded;
    return {
      id: ++this.#calls,
      label,
      args: bytes,
      mode: 'call',
      attempt: 1,
      linked: options.linked ?? true,
      queueTimeout: Infinity,
      handlerTimeout: timeout,
      timeout,
      sources,
      reads: options.reads ?? false,
      onProgress: options.onProgress,
      context: context && captureContext(context, codec, label),
    };
  }
}

function searchedTooLong(name: string, timeout: number): FlameError {
  return errors.timedOut(name, 'while it looked for an instance', timeout, 'no');
}
