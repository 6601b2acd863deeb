/** A test replaces this file with one that awaits at its top level. */
export const settings = { from: 'the build' };
