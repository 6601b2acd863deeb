/**
 * What travels as a number in its value's place, because it is alive and not data: the number is `index * 8 + kind`. The sender counts the
 * indexes of one call's arguments, or of its result, from 0.
 */
export const outletKinds = ['iterable', 'observable', 'readable', 'web-stream', 'signal', 'resource'] as const;

export type OutletKind = (typeof outletKinds)[number];

export interface Outlet {
  readonly index: number;
  readonly kind: OutletKind;
}

export function outletNumber({ index, kind }: Outlet): number {
  return index * 8 + outletKinds.indexOf(kind);
}

/** The outlet behind a number; undefined for one that no sender gives. */
export function readOutlet(number: number): Outlet | undefined {
  const kind = outletKinds[number % 8];
  return kind === undefined || !Number.isInteger(number) || number < 0 ? undefined : { index: Math.floor(number / 8), kind };
}
