import type { ParentInfo } from '../../core/parent-info.js';
import { takeParentInfo } from '../runner/parent-env.js';
import { takeRunnerRole } from '../runner/runner-role.js';

/** Read once, when the module is loaded, so that no process that the app starts afterwards inherits the token. */
const info = takeParentInfo(process.env);
// At the same time: main.ts may ask `node:cluster` for its role before it makes the app.
if (info) takeRunnerRole(info);

/**
 * Tells whether this process is a runner or a parent. A runner boots the whole app; parts that must not run in it are left out with
 * `unlessRunner`, or switched off:
 *
 * ```ts
 * @Module({
 *   imports: [ScheduleModule.forRoot({ cronJobs: !FlameParent.get(), intervals: !FlameParent.get(), timeouts: !FlameParent.get() })],
 *   controllers: FlameParent.unlessRunner([VideosController]),
 * })
 * ```
 */
export class FlameParent {
  /** The pool, runner id and addresses that this runner was booted with; null in a parent. */
  static get(): ParentInfo | null {
    return info;
  }

  /** Returns the list in a parent and an empty one in a runner: for controllers, gateways and queue consumers. */
  static unlessRunner<T>(list: T[]): T[] {
    return info ? [] : list;
  }

  /** Returns one value in a parent and another in a runner, for example the size of a database pool. */
  static choose<T>(values: { parent: T; runner: T }): T {
    return info ? values.runner : values.parent;
  }
}
