import { existsSync, readFileSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { groupIsAlive, killGroup } from './process-group.js';
import { isAlive } from './process-table.js';
import { killTree } from './process-tree.js';

/** What differs between operating systems. All else in the library is the same on each of them. */
export interface System {
  /** Whether there are Unix sockets, which other users cannot reach. Without them runners on this host attach over loopback, with TLS. */
  readonly unixSockets: boolean;
  /** A folder whose files are memory; undefined where there is none: then all values go over the stream. */
  readonly memoryFolder: string | undefined;
  /** Whether SIGTERM asks a process to end. Elsewhere it ends it at once: there a runner is asked over its session alone. */
  readonly asksBySignal: boolean;
  /** Whether a descriptor is one of those that Node makes for `'pipe'` in `stdio`. */
  isPipe(found: Stats): boolean;
  /** What the system tells of a process in a file of /proc; empty where it tells nothing. */
  processFile(pid: number, file: 'environ' | 'stat'): string;
  /** Kills a runner, with what its handlers spawned; false where it is gone already. */
  killWithDescendants(runner: number): boolean;
  /** Kills what a runner's handlers spawned and what has outlived it. */
  killOutlived(runner: number): void;
  /** Whether a runner, or what has outlived it, is there. */
  isAlive(runner: number): boolean;
}

/** Linux, macOS and the like. A runner leads a process group. */
const posix: System = {
  unixSockets: true,
  get memoryFolder() {
    return existsSync('/dev/shm') ? '/dev/shm' : undefined;
  },
  asksBySignal: true,
  // Of Node's own descriptors some are pipes, and none is a socket.
  isPipe: (found) => found.isSocket(),
  processFile: (pid, file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      // Another user's, gone, or a system without /proc.
      return '';
    }
  },
  killWithDescendants: killGroup,
  killOutlived: killGroup,
  isAlive: groupIsAlive,
};

/** What every system has, and all that is used on Windows. */
const portable: System = {
  unixSockets: false,
  memoryFolder: undefined,
  asksBySignal: false,
  isPipe: (found) => found.isSocket() || found.isFIFO(),
  processFile: () => '',
  killWithDescendants: killTree,
  // Nothing leads to them any more. On Windows they are in a job of the runner's Node, and end with it.
  killOutlived: () => {},
  isAlive,
};

/** The system that this process runs on. With the variable FLAME_PORTABLE it is used as Windows is, for tests of that on another system. */
export function thisSystem(): System {
  return process.platform === 'win32' || process.env['FLAME_PORTABLE'] !== undefined ? portable : posix;
}
