import cluster, { Worker } from 'node:cluster';
import { Socket } from 'node:dgram';
import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import type { Server } from 'node:net';
import { markAsRunner } from '../../backends/launch/ancestor-apps.js';
import type { ParentInfo } from '../../core/parent-info.js';
import { configExitCode } from '../../core/errors/config-exit-code.js';
import { nestLog } from '../log/nest-log.js';

/** What Node asks a cluster worker's primary for, when the worker opens a server. */
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
 * Has this runner process see what its parent sees, so that main.ts takes the same way in both: a worker of a cluster is a worker here too, though
 * there is no primary, and `process.send` is there where the parent has it. What the app starts below it is marked, and `cluster.fork()` starts nothing.
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

/** Nothing holds a runner whose main file has ended, until an app is up. */
export function endWithoutApp(): void {
  nestLog.error(
    `this runner ends: ${process.argv[1]} ended without starting an app that imports FlameModule. Give the backend the app's own main file as entry.`,
  );
  process.exit(configExitCode);
}

/** Node itself makes a worker of a process that has NODE_UNIQUE_ID; where a platform started the runner, this does the same. */
function standAsWorker(changed: ChangedCluster): void {
  if (!changed.isWorker) {
    const worker = new Worker({ id: 0, process, state: 'online' } as never);
    Object.assign(changed, { isPrimary: false, isMaster: false, isWorker: true, worker });
  }
  // There is no primary to open servers and sockets: this process does it itself.
  changed._getServer = (server, { address, port, addressType, backlog, fd, flags }) =>
    server._listen2(address, port, addressType, backlog, fd, flags);
  const { bind } = Socket.prototype as unknown as { bind: (this: Socket, ...args: unknown[]) => Socket };
  Socket.prototype.bind = function (this: Socket, ...args: unknown[]): Socket {
    return bind.call(this, ...withoutPrimary(args));
  };
}

/** The arguments of `bind` with `exclusive: true`, which keeps Node from asking the primary. */
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
  nestLog.warn(`runner ${info.runner} of pool "${info.pool}" forks no workers: cluster.fork() starts nothing in a runner`);
  const nothing = Object.assign(new EventEmitter(), {
    exitCode: 0,
    connected: false,
    send: () => false,
    kill: () => false,
    disconnect: () => {},
  });
  return new Worker({ process: nothing, state: 'dead' } as never);
}

/** `process.send` of a runner: there is nobody to read it. */
function sendNothing(...args: unknown[]): boolean {
  const done = args.at(-1);
  if (typeof done === 'function') process.nextTick(done as () => void, null);
  return true;
}
