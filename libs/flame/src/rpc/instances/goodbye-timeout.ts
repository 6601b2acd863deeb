/** Time for another instance to confirm the end of a session, in milliseconds. */
export const goodbyeTimeout = 1_000;
