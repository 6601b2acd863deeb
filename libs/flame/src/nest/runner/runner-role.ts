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
 * Gives this runner process the role of its parent, so that main.ts takes the same branch in both: if the parent is a cluster worker,
 * `cluster.isWorker` is true here, too, though there is no primary, and `process.send` exists if the parent has it. Processes that the app
 * starts are marked, and `cluster.fork()` starts nothing.
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

/** Node makes a worker of a process that has NODE_UNIQUE_ID; for a runner that a platform started, this does the same. */
function standAsWorker(changed: ChangedCluster): void {
  if (!changed.isWorker) {
    const worker = new Worker({ id: 0, process, state: 'online' } as never);
    Object.assign(changed, { isPrimary: false, isMaster: false, isWorker: true, worker });
  }
  // Without a primary, this process opens servers and sockets itself.
  changed._getServer = (server, { address, port, addressType, backlog, fd, flags }) =>
    server._listen2(address, port, addressType, backlog, fd, flags);
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
