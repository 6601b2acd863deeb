/** What the decision to boot looks at. */
export interface GrowthView {
  readonly waiting: number;
  /** Free slots on runners that are ready. */
  readonly free: number;
  readonly booting: number;
  readonly ready: number;
  /** Every machine there is: those being made, those leaving and those not yet confirmed gone. */
  readonly machines: number;
  /** Slots that a new runner brings. */
  readonly slots: number;
  readonly min: number;
  readonly max: number;
  readonly headroom: number;
}

/** Boots that may be under way at once. */
export const bootsAtOnce = 10;

/**
 * How many runners to boot now: as many as `min`, `headroom` and the waiting calls need beyond what is ready and booting, never
 * above `max`, and never more than the waiting calls can use.
 */
export function bootsNeeded(view: GrowthView): number {
  const slotsShort = view.waiting + view.headroom - view.free - view.booting * view.slots;
  const forCalls = Math.ceil(slotsShort / view.slots);
  const forMin = view.min - view.ready - view.booting;
  return Math.max(0, Math.min(Math.max(forCalls, forMin), view.max - view.machines, bootsAtOnce - view.booting));
}
