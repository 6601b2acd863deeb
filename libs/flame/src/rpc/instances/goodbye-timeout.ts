/** Time for another instance to confirm that it was told goodbye. */
export const goodbyeTimeout = 1_000;
