import type { FlameResult } from '../decorator/returns.js';

/** The methods of `T` that can run elsewhere: the asynchronous ones, and those that stream. */
export type FlameApi<T> = { readonly [K in keyof T as T[K] extends (...args: never[]) => FlameResult ? K : never]: T[K] };

/** The asynchronous methods as casts: their promises resolve when a runner has accepted the call. */
export type FlameCasts<T> = {
  readonly [K in keyof T as T[K] extends (...args: never[]) => Promise<unknown> ? K : never]: T[K] extends (...args: infer A) => unknown
    ? (...args: A) => Promise<void>
    : never;
};
