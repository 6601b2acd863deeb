export { flameTracing } from './flame-tracing.js';
