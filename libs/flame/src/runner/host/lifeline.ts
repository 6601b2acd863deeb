import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { thisSystem } from '../../system/system.js';

/** The runner's end of the lifeline, as a thread beside the event loop can look at it. */
export interface Lifeline {
  readonly fd: number;
  /** Tells whether `fd` is still the lifeline. */
  readonly ino: number;
}

/**
 * Calls `onGone` once when the parent's process is gone, however it went: `fd` is this process's end of a pipe that only the parent holds
 * open, and the system closes it with the parent. Does not keep the process alive. From then on nobody reads what this process prints, and
 * that does no harm; and when it ends, what its handlers spawned ends with it, since there is no parent left to see to that.
 *
 * Node has marked inherited descriptors close-on-exec at its start, so what handlers spawn does not hold the pipe. Where something stands
 * between parent and runner that did not pass the descriptor on, nothing is watched and undefined returned, and the end of the session
 * tells the runner.
 */
export function watchLifeline(fd: number, onGone: () => void): Lifeline | undefined {
  const ino = socketAt(fd);
  if (ino === undefined) return undefined;
  const line = new Socket({ fd, writable: false });
  line.unref().resume();
  for (const output of [process.stdout, process.stderr]) output.on('error', ignore);
  line.once('error', ignore);
  line.once('close', () => {
    process.once('exit', () => thisSystem().killWithDescendants(process.pid));
    onGone();
  });
  return { fd, ino };
}

/**
 * Node makes its `'pipe'`s from sockets. Its own descriptors would be here if ours had not been passed on; taking one of them would break
 * the process.
 */
function socketAt(fd: number): number | undefined {
  try {
    const stats = fstatSync(fd);
    return thisSystem().isPipe(stats) ? stats.ino : undefined;
  } catch {
    return undefined;
  }
}

/** Lost output, or a parent that was killed with something unread: `close` follows where it matters. */
function ignore(): void {}
