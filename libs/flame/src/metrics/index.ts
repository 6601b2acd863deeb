export { FlameMetrics, FlameMetricsModule } from './flame-metrics.module.js';
export type { FlameMetricsOptions } from './flame-metrics.module.js';
