export { FlameProcessor } from './flame-processor.decorator.js';
export type { FlameProcessorClass } from './flame-processor.decorator.js';
export type { FlameJob } from './flame-job.js';
export type { FlameProcessorOptions } from './processor-options.js';
