export { KubernetesBackend } from './kubernetes-backend.js';
export type { KubernetesBackendOptions, PodManifest } from './kubernetes-options.js';
export type { ShipCodeOptions } from '../ship/ship-options.js';
