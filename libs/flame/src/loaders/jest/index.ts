import { createTransformer } from './transformer.js';

export { createTransformer };
export type { JestOptions } from './transformer.js';

/** Jest takes a transformer from a module's default export. */
// oxlint-disable-next-line import/no-default-export
export default { createTransformer };
