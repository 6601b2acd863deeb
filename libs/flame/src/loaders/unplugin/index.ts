export { inlineFunctions } from './inline-functions.js';
export type { EsbuildPlugin, RollupPlugin, WebpackPlugin } from './inline-functions.js';
