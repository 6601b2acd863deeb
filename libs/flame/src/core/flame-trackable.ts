/**
 * A resource in a handler's result, such as a browser page, an open file or a model in memory. The method is called on the runner when the
 * caller has released its handle. Until the method has ended, the runner stays up and the call holds its slot.
 *
 * If the pool or the handler tracks resources, an instance of such a class in a result arrives as a `FlameResource`, whose `value` has the
 * properties that can cross. Keep state that cannot cross in `#private` fields. Object literals and instances of classes that cross as
 * themselves are never tracked.
 */
export interface FlameTrackable {
  /** Called once, on the runner, when the caller has released its handle, has ended, or is out of reach. */
  onFlameRelease(): void | Promise<void>;
}

export function isTrackable(value: object): value is FlameTrackable {
  return typeof (value as Partial<FlameTrackable>).onFlameRelease === 'function';
}
