/** CPU-bound work: `turns` iterations of a loop that does not allocate and that V8 cannot optimise away. */
export function burn(turns: number): number {
  let state = 1;
  for (let i = 0; i < turns; i++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}

/** The number of iterations that currently take about `duration` milliseconds on this machine. */
export function calibrate(duration: number): number {
  const probe = 20_000_000;
  burn(probe);
  const begun = performance.now();
  burn(probe);
  return Math.round((probe * duration) / (performance.now() - begun));
}
