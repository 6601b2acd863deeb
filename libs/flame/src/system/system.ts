import { existsSync, readFileSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { groupIsAlive, killGroup } from './process-group.js';
import { isAlive } from './process-table.js';
import { killTree } from './process-tree.js';

/** The differences between operating systems. The rest of the library is the same on all of them. */
export interface System {
  /**
   * Whether the system has Unix sockets that other users cannot reach. Without them, runners on this host attach over loopback with TLS.
   */
  readonly unixSockets: boolean;
  /** A folder whose files are in memory; undefined if there is none. Then all values use the stream. */
  readonly memoryFolder: string | undefined;
  /** Whether SIGTERM asks a process to end. On other systems it kills the process, so runners are asked over their session only. */
  readonly asksBySignal: boolean;
  /** Whether a descriptor is of the type that Node creates for `'pipe'` in `stdio`. */
  isPipe(found: Stats): boolean;
  /** The content of a file of the process in /proc; empty if it cannot be read. */
  processFile(pid: number, file: 'environ' | 'stat'): string;
  /** Kills a runner and the processes that its handlers spawned. Returns false if the runner is already gone. */
  killWithDescendants(runner: number): boolean;
  /** Kills the processes that a runner's handlers spawned, after the end of the runner. */
  killOutlived(runner: number): void;
  /** Whether a runner, or a process that its handlers spawned, is still alive. */
  isAlive(runner: number): boolean;
}

/** Linux, macOS and the like. A runner leads a process group. */
const posix: System = {
  unixSockets: true,
  get memoryFolder() {
    return existsSync('/dev/shm') ? '/dev/shm' : undefined;
  },
  asksBySignal: true,
  // Some of Node's internal descriptors are pipes, but none is a socket.
  isPipe: (found) => found.isSocket(),
  processFile: (pid, file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch {
      // The process belongs to another user or has ended, or the system has no /proc.
      return '';
    }
  },
  killWithDescendants: killGroup,
  killOutlived: killGroup,
  isAlive: groupIsAlive,
};

/** The features that every system has. Used on Windows. */
const portable: System = {
  unixSockets: false,
  memoryFolder: undefined,
  asksBySignal: false,
  isPipe: (found) => found.isSocket() || found.isFIFO(),
  processFile: () => '',
  killWithDescendants: killTree,
  // They cannot be found any more. On Windows they belong to a job of the runner's Node, and end with it.
  killOutlived: () => {},
  isAlive,
};

/** The system of this process. The variable FLAME_PORTABLE selects the features for Windows, so that tests can run on other systems. */
export function thisSystem(): System {
  return process.platform === 'win32' || process.env['FLAME_PORTABLE'] !== undefined ? portable : posix;
}
