/** CPU-bound work: so many turns of a loop that neither allocates nor can be left out. */
export function burn(turns: number): number {
  let state = 1;
  for (let i = 0; i < turns; i++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}

/** How many turns take about `duration` milliseconds here, and now. */
export function calibrate(duration: number): number {
  const probe = 20_000_000;
  burn(probe);
  const begun = performance.now();
  burn(probe);
  return Math.round((probe * duration) / (performance.now() - begun));
}
