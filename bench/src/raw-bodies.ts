/** The payload of a trivial call in both directions: about the size of a number with its envelope. */
export const trivial = Buffer.alloc(16, 'flame');

const bodies = new Map<number, Buffer>();

/** A body of `size` bytes. Created once, because only its transport is measured. */
export function bodyOf(size: number): Buffer {
  let body = bodies.get(size);
  if (body === undefined) bodies.set(size, (body = Buffer.alloc(size, 'flame')));
  return body;
}

/** Whether an answer has the requested size; 0 stands for the size of the request's body. */
export function answers(size: number, body: Buffer): boolean {
  return body.length === (size === 0 ? trivial.length : size);
}
