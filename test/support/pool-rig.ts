import type { BootRequest, FlameBackend, LocalMachine } from '../../libs/flame/src/backends/backend.js';
import type { PoolOptions } from '../../libs/flame/src/core/options/pool-options.js';
import { AbortListeners } from '../../libs/flame/src/core/call/abort-listeners.js';
import { createCodec } from '../../libs/flame/src/core/codec/create-codec.js';
import type { FlameLog } from '../../libs/flame/src/core/flame-log.js';
import type { ParentInfo } from '../../libs/flame/src/core/parent-info.js';
import { readPoolOptions } from '../../libs/flame/src/core/options/pool-config.js';
import { Pool } from '../../libs/flame/src/pool/pool.js';
import type { PoolSetup } from '../../libs/flame/src/pool/pool-setup.js';
import type { PlacedChild } from '../../libs/flame/src/pool/children/placed-child.js';
import type { ChildClass } from '../../libs/flame/src/runner/executor/handler-table.js';
import { startLocalRunner } from '../../libs/flame/src/runner/host/local-runner.js';
import type { LocalRunnerSetup } from '../../libs/flame/src/runner/host/local-runner.js';
import { MemoryAttachServer } from '../../libs/flame/src/transport/attach/memory-attach-server.js';
import { VirtualClock } from './virtual-clock.js';

export type Handler = (...args: never[]) => unknown;

/** A log that records its lines. */
export class RecordingLog implements FlameLog {
  readonly lines: string[] = [];
  readonly debug = (line: string): void => void this.lines.push(`debug ${line}`);
  readonly log = (line: string): void => void this.lines.push(`log ${line}`);
  readonly warn = (line: string): void => void this.lines.push(`warn ${line}`);
  readonly error = (line: string): void => void this.lines.push(`error ${line}`);
}

/**
 * A pool with in-memory runners under virtual time, without Nest: the real pool machine, `Pool`, codec, link and executor around handlers
 * that are functions. `boot` can replace the backend.
 */
export class PoolRig {
  readonly clock = new VirtualClock();
  readonly log = new RecordingLog();
  readonly attachServer = new MemoryAttachServer();
  readonly codec = createCodec();
  readonly castErrors: { error: unknown; handler: string }[] = [];
  readonly machines: LocalMachine[] = [];
  readonly pool: Pool;
  readonly #names: string[];
  readonly #handlers: Record<string, Handler>;
  readonly #runner: Partial<LocalRunnerSetup>;

  constructor(
    handlers: Record<string, Handler>,
    options: Partial<PoolOptions> = {},
    more: { boot?: FlameBackend['boot']; setup?: Partial<PoolSetup>; runner?: Partial<LocalRunnerSetup> } = {},
  ) {
    this.#runner = more.runner ?? {};
    this.#handlers = handlers;
    this.#names = Object.keys(handlers).sort();
    const backend = {
      name: 'rig',
      reach: 'memory',
      prepare: async () => {},
      boot: more.boot ?? ((request: BootRequest) => request.inProcess()),
      reap: async () => 0,
      examine: async () => [],
      close: async () => {},
    } satisfies FlameBackend;
    this.pool = new Pool({
      config: readPoolOptions({ name: 'p', max: 2, maxConcurrency: 1, ...options }, 'rig'),
      backend,
      attachServer: this.attachServer,
      address: async () => ({ address: 'memory' }),
      manifest: this.#manifest,
      codec: this.codec,
      log: this.log,
      clock: this.clock,
      listeners: new AbortListeners(),
      random: () => 0,
      parent: 'test',
      maxPayload: 1 << 28,
      reconnectTimeout: 5_000,
      inProcess: async (info) => this.attach(info),
      output: () => {},
      runnerLog: () => {},
      onCastError: (error, handler) => void this.castErrors.push({ error, handler }),
      ...more.setup,
    });
  }

  /** Starts an in-memory runner that attaches. */
  attach(info: ParentInfo): LocalMachine {
    const link = this.attachServer.attach(info.token, {
      runner: info.runner,
      manifest: this.#manifest,
      pid: 1,
      host: 'here',
      node: '20.19.0',
    });
    const table = {
      name: (handler: number) => this.#names[handler]!,
      invoke: (handler: number, args: unknown[]) => this.#handlers[this.#names[handler]!]!(...(args as never[])),
      child: (handler: number) => childClass(this.#names[handler]!, this.#handlers[this.#names[handler]!]!),
      tracks: () => undefined,
    };
    const machine = startLocalRunner({ info, link, table, codec: this.codec, clock: this.clock, log: this.log, ...this.#runner });
    this.machines.push(machine);
    return machine;
  }

  /** The number of a handler. */
  number(name: string): number {
    return this.#names.indexOf(name);
  }

  call(name: string, args: unknown[] = [], options: Parameters<Pool['call']>[2] = {}): Promise<unknown> {
    return this.pool.call(this.number(name), args, options);
  }

  cast(name: string, args: unknown[] = [], options: Parameters<Pool['cast']>[2] = {}): Promise<void> {
    return this.pool.cast(this.number(name), args, options);
  }

  place(name: string, args?: unknown, options: Parameters<Pool['place']>[2] = {}): Promise<PlacedChild> {
    return this.pool.place(this.number(`new ${name}`), args, options);
  }

  get #manifest(): PoolSetup['manifest'] {
    return { version: '0.0.0', protocol: 1, handlers: this.#names, digest: 'd' };
  }
}

/** A handler named `new Class` creates the children of a class. */
function childClass(name: string, make: Handler): ChildClass | undefined {
  if (!name.startsWith('new ')) return undefined;
  const methods = new Set(['add', 'run', 'items', 'open']);
  return { label: name.slice('new '.length), methods, make: async () => (await make()) as object };
}
