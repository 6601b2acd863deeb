/**
 * What a class may have to be told that an instance of it was placed on a runner with `flame.placeChild`. It is awaited; what it throws fails the
 * placing. `FlameCall.current()` in it is the child's own: its signal aborts when the child has to end.
 */
export interface OnFlameStart<A = unknown> {
  onFlameStart(args: A): void | Promise<void>;
}

/**
 * What a class may have to clean up when a child of it ends, whoever wanted it. It has a second: a child that takes longer costs its runner. It is not
 * called for a child whose `onFlameStart` failed, nor when its runner is lost.
 */
export interface OnFlameStop {
  onFlameStop(reason: string): void | Promise<void>;
}
