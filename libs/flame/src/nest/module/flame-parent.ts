import type { ParentInfo } from '../../core/parent-info.js';
import { takeParentInfo } from '../runner/parent-env.js';
import { takeRunnerRole } from '../runner/runner-role.js';

/** Read once, when the module is loaded, so that nothing that the app starts afterwards inherits the token. */
const info = takeParentInfo(process.env);
// As early: main.ts asks Node what it is before it makes the app.
if (info) takeRunnerRole(info);

/**
 * Tells a runner from a parent, wherever the app's modules are put together.
 *
 * A runner boots the whole app. What must not run in it is left out with `unlessRunner`, or switched off:
 *
 * ```ts
 * @Module({
 *   imports: [ScheduleModule.forRoot({ cronJobs: !FlameParent.get(), intervals: !FlameParent.get(), timeouts: !FlameParent.get() })],
 *   controllers: FlameParent.unlessRunner([VideosController]),
 * })
 * ```
 */
export class FlameParent {
  /** What this runner was told at birth; null in a parent. */
  static get(): ParentInfo | null {
    return info;
  }

  /** The list as it is in a parent, an empty one in a runner: for controllers, gateways and queue consumers. */
  static unlessRunner<T>(list: T[]): T[] {
    return info ? [] : list;
  }

  /** One value for a parent and another for a runner, for example the size of a database pool. */
  static choose<T>(values: { parent: T; runner: T }): T {
    return info ? values.runner : values.parent;
  }
}
