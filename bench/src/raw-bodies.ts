/** What a trivial call carries there and back: about what a number takes with everything that goes with it. */
export const trivial = Buffer.alloc(16, 'flame');

const bodies = new Map<number, Buffer>();

/** A body of `size` bytes, made once: what is measured is its way. */
export function bodyOf(size: number): Buffer {
  let body = bodies.get(size);
  if (body === undefined) bodies.set(size, (body = Buffer.alloc(size, 'flame')));
  return body;
}

/** Tells whether an answer is as large as was asked for; 0 stands for the question's own body. */
export function answers(size: number, body: Buffer): boolean {
  return body.length === (size === 0 ? trivial.length : size);
}
