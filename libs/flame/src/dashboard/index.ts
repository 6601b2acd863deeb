export type { DashboardAuth, FlameDashboardOptions } from './dashboard-options.js';
export { FlameDashboardModule } from './flame-dashboard.module.js';
export type { FlameDashboardAsyncOptions, FlameDashboardOptionsFactory } from './flame-dashboard.module.js';
