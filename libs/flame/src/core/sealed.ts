/** Keeps a value from those who print what holds it: a provider's value is shown with the app. */
export class Sealed<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  open(): T {
    return this.#value;
  }
}
