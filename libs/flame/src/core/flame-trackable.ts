/**
 * Something alive that a handler hands out: a browser page, an open file, a model in memory. The method is called on the runner when nobody
 * holds it any more; until it has ended, the runner stays and the call's slot is taken.
 *
 * Where the pool or the handler tracks resources, an object of such a class in a result arrives as a `FlameResource`, with what can cross
 * of its own properties as `value`. State that cannot cross belongs in `#private` fields. An object literal is data and never tracked, and
 * neither is an instance of a class that crosses as itself.
 */
export interface FlameTrackable {
  onFlameRelease(): void | Promise<void>;
}

export function isTrackable(value: object): value is FlameTrackable {
  return typeof (value as Partial<FlameTrackable>).onFlameRelease === 'function';
}
