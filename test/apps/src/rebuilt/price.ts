/** A test writes another one over this file's build. */
export const price = 'old price';
