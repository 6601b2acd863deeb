export { FlameFaults } from './flame-faults.js';
export { FlameTestingModule } from './flame-testing.module.js';
export type { FlameTestingOptions } from './flame-testing.module.js';
export { VirtualClock } from './virtual-clock.js';
