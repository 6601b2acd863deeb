export { DockerBackend } from './docker-backend.js';
export type { DockerAuth, DockerBackendOptions, DockerMount } from './docker-options.js';
export type { ShipCodeOptions } from '../ship/ship-options.js';
