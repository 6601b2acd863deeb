/** The numbers on which the decision to boot is based. */
export interface GrowthView {
  readonly waiting: number;
  /** Free slots of ready runners. */
  readonly free: number;
  readonly booting: number;
  readonly ready: number;
  /** All machines: booting, ready, leaving, and those not yet confirmed gone. */
  readonly machines: number;
  /** The slots of a new runner. */
  readonly slots: number;
  readonly min: number;
  readonly max: number;
  readonly headroom: number;
}

/** The most boots at the same time. */
export const bootsAtOnce = 10;

/**
 * How many runners to boot now: as many as `min`, or the waiting calls together with `headroom`, need in addition to the ready and booting
 * runners. Never more than `max` and `bootsAtOnce` allow.
 */
export function bootsNeeded(view: GrowthView): number {
  const slotsShort = view.waiting + view.headroom - view.free - view.booting * view.slots;
  const forCalls = Math.ceil(slotsShort / view.slots);
  const forMin = view.min - view.ready - view.booting;
  return Math.max(0, Math.min(Math.max(forCalls, forMin), view.max - view.machines, bootsAtOnce - view.booting));
}
