import cluster, { Worker } from 'node:cluster';
import { Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import type { Server } from 'node:net';
import { markAsRunner } from '../../backends/launch/ancestor-apps.js';
import type { ParentInfo } from '../../core/parent-info.js';
import { configExitCode } from '../../core/errors/config-exit-code.js';
import { nestLog } from '../log/nest-log.js';

/** Node's request to the primary when a cluster worker opens a server. */
interface ServerQuery {
  readonly address: string | null;
  readonly port: number;
  readonly addressType: number;
  readonly backlog: number;
  readonly fd: number;
  readonly flags: number;
}

type ChangedCluster = {
  -readonly [Key in 'isPrimary' | 'isMaster' | 'isWorker' | 'worker' | 'fork' | 'setupPrimary' | 'setupMaster']: (typeof cluster)[Key];
} & { _getServer: (server: Server & { _listen2: (...query: unknown[]) => void }, query: ServerQuery) => void };

/**
 * Gives this runner process the role of its parent, so that main.ts takes the same branch in both. It runs when the app
 * imports `FlameModule`, and changes these objects of Node for the rest of the process:
 *
 * - `cluster.fork()` and `cluster.setupPrimary()` do nothing: a main.ts that forks workers in a primary must not fork in its runners.
 * - If the parent is a cluster worker: `cluster.isWorker` is true, and servers and datagram sockets open their ports themselves. In a real
 *   worker, Node asks the primary to open them, and a runner has no primary.
 * - If the parent has an IPC channel: `process.send` exists and discards its messages.
 *
 * Besides, processes that the app starts are marked, and the process ends with an error if main.ts ends without an app.
 */
export function takeRunnerRole(info: ParentInfo): void {
  markAsRunner(info.digest);
  const changed = cluster as unknown as ChangedCluster;
  if (info.clusterWorker) standAsWorker(changed);
  changed.fork = () => forkNothing(info);
  changed.setupPrimary = changed.setupMaster = () => {};
  syncBuiltinESMExports();
  if (info.ipc) process.send ??= sendNothing;
  process.once('beforeExit', endWithoutApp);
}

/** Ends a runner whose main file ended before an app was up: nothing keeps the process alive. */
export function endWithoutApp(): void {
  nestLog.error(
    `this runner ends: ${process.argv[1]} ended without starting an app that imports FlameModule. Set the backend's option entry to the app's main file.`,
  );
  process.exit(configExitCode);
}

/**
 * Makes this process look like a cluster worker. Node does that by itself in a process with NODE_UNIQUE_ID, which `ProcessBackend` sets; a
 * runner that another platform started does not have it. `_getServer` and `_listen2` are internals of Node: test/e2e/cluster.spec.ts fails
 * if they change.
 */
function standAsWorker(changed: ChangedCluster): void {
  if (!changed.isWorker) {
    const worker = new Worker({ id: 0, process, state: 'online' } as never);
    Object.assign(changed, { isPrimary: false, isMaster: false, isWorker: true, worker });
  }
  // `_getServer` asks the primary for a server's handle. Here the server listens by itself.
  changed._getServer = (server, { address, port, addressType, backlog, fd, flags }) =>
    server._listen2(address, port, addressType, backlog, fd, flags);
  // Datagram sockets ask the primary, too, except with `exclusive: true`.
  const { bind } = Socket.prototype as unknown as { bind: (this: Socket, ...args: unknown[]) => Socket };
  Socket.prototype.bind = function (this: Socket, ...args: unknown[]): Socket {
    return bind.call(this, ...withoutPrimary(args));
  };
}

/** The arguments of `bind` with `exclusive: true`: Node does not ask the primary then. */
function withoutPrimary([port, address, ...rest]: unknown[]): unknown[] {
  if (typeof port === 'object' && port !== null) return 'recvStart' in port ? [port] : [{ ...port, exclusive: true }, address, ...rest];
  const done = [port, address, ...rest].findLast((value) => typeof value === 'function');
  const where = {
    port: typeof port === 'function' ? undefined : port,
    address: typeof address === 'string' ? address : undefined,
    exclusive: true,
  };
  return done === undefined ? [where] : [where, done];
}

function forkNothing(info: ParentInfo): Worker {
  nestLog.warn(`runner ${info.runner} of pool "${info.pool}" forks no workers: cluster.fork() has no effect in a runner`);
  const nothing = Object.assign(new EventEmitter(), {
    exitCode: 0,
    connected: false,
    send: () => false,
    kill: () => false,
    disconnect: () => {},
  });
  return new Worker({ process: nothing, state: 'dead' } as never);
}

/** `process.send` of a runner. Its messages are discarded. */
function sendNothing(...args: unknown[]): boolean {
  const done = args.at(-1);
  if (typeof done === 'function') process.nextTick(done as () => void, null);
  return true;
}
