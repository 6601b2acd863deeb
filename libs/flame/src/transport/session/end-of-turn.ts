/**
 * Calls `action` once everything that this turn of the event loop has to do is done: after all microtasks, whichever of
 * them is running or will be queued by others, and before any I/O.
 *
 * A tick alone would come before the microtasks when it is asked for outside of them, a microtask before those that are
 * queued later. Both together come last, and still in time for the socket: Node's HTTP/2 writes in the turn's check phase.
 */
export function endOfTurn(action: () => void): void {
  queueMicrotask(() => process.nextTick(action));
}
