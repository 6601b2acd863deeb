import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { thisSystem } from '../../system/system.js';

/** The runner's end of the lifeline, in a form that a thread beside the event loop can check. */
export interface Lifeline {
  readonly fd: number;
  /** The lifeline's inode, which shows whether `fd` is still the lifeline. */
  readonly ino: number;
}

/**
 * Calls `onGone` once when the parent's process is gone, for whatever reason. `fd` is this process's end of a pipe that only the parent
 * holds open. The system closes the pipe when the parent ends. The lifeline does not keep this process alive. After the parent's end nobody
 * reads the output of this process, and failed writes are ignored. When this process then exits, it kills the processes that its handlers
 * spawned, because there is no parent left to do so.
 *
 * Node marks inherited descriptors close-on-exec when it starts, so processes that handlers spawn do not hold the pipe. If a program
 * between parent and runner did not pass the descriptor on, nothing is watched and the result is undefined. The runner then learns of the
 * parent's end from the end of the session.
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
 * The inode of the pipe at `fd`; undefined if `fd` is no such pipe. Node makes its `'pipe'`s from sockets. If the lifeline was not passed
 * on, `fd` may be one of Node's own descriptors, and using it would break the process.
 */
function socketAt(fd: number): number | undefined {
  try {
    const stats = fstatSync(fd);
    return thisSystem().isPipe(stats) ? stats.ino : undefined;
  } catch {
    return undefined;
  }
}

/** Ignores the errors of lost output, and of a parent that was killed while data was unread. `close` follows if it matters. */
function ignore(): void {}
