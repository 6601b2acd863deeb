/**
 * Streams, signals and resources cannot be encoded. A number is sent in place of each: `index * 8 + kind`. The sender counts the indexes of
 * one call's arguments, or of its result, from 0.
 */
export const placeholderKinds = ['iterable', 'observable', 'readable', 'web-stream', 'signal', 'resource'] as const;

export type PlaceholderKind = (typeof placeholderKinds)[number];

export interface Placeholder {
  readonly index: number;
  readonly kind: PlaceholderKind;
}

export function placeholderNumber({ index, kind }: Placeholder): number {
  return index * 8 + placeholderKinds.indexOf(kind);
}

/** Parses a placeholder; undefined if the number is not valid. */
export function readPlaceholder(number: number): Placeholder | undefined {
  const kind = placeholderKinds[number % 8];
  return kind === undefined || !Number.isInteger(number) || number < 0 ? undefined : { index: Math.floor(number / 8), kind };
}
