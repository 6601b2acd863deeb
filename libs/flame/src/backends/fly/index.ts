export { FlyBackend } from './fly-backend.js';
export type { FlyBackendOptions } from './fly-options.js';
