export { FlyBackend } from './fly-backend.js';
export type { FlyBackendOptions } from './fly-options.js';
export type { ShipCodeOptions } from '../ship/ship-options.js';
