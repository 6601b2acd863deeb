export { SshBackend } from './ssh-backend.js';
export type { SshBackendOptions, SshHostOptions } from './ssh-options.js';
