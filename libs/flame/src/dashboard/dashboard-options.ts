import type { IncomingMessage } from 'node:http';
import { badOption, OptionReader, show } from '../core/options/option-reader.js';

/** Access to the page: HTTP basic auth, or a function that checks the request (a session, a header that a proxy has set). */
export type DashboardAuth =
  { readonly user: string; readonly password: string } | ((request: IncomingMessage) => boolean | Promise<boolean>);

/** Options of `FlameDashboardModule`. */
export interface FlameDashboardOptions {
  /** The path of the page, below the app's global prefix. @default '/flame' */
  path?: string;
  /**
   * Access control: `{ user, password }`, or a function `(request) => boolean | Promise<boolean>`. Without it, everybody can see the page,
   * and the app refuses to start if NODE_ENV is `production`. If something else guards the path, set `auth: () => true`. @default undefined
   */
  auth?: DashboardAuth;
  /** Whether the page may pause and resize pools and drain runners. Without it these routes do not exist. @default false */
  actions?: boolean;
  /**
   * Additional origins of the page, for a proxy that does not pass on the host of the request: `['https://ops.example.com']`. Without it, a
   * page's request is answered only if its origin has the host of the request, or the browser sends `Sec-Fetch-Site: same-origin`.
   * @default []
   */
  origins?: readonly string[];
}

export const dashboardDefaults = { path: '/flame', actions: false, origins: [] } as const;

export interface DashboardConfig {
  /** Path segments, without slashes at the start and the end: `flame`, `ops/flame`. */
  readonly path: string;
  readonly auth: DashboardAuth | undefined;
  readonly actions: boolean;
  readonly origins: readonly string[];
}

/** @throws {FlameError} FLAME_CONFIG that names the option and the fix; also without `auth` in production. */
export function readDashboardOptions(options: FlameDashboardOptions | undefined, at: string, production: boolean): DashboardConfig {
  const reader = new OptionReader(options ?? {}, at);
  const path = readPath(reader);
  const auth = readAuth(reader);
  const actions = reader.flag('actions', dashboardDefaults.actions);
  const origins = readOrigins(reader);
  reader.done();
  if (production && auth === undefined)
    throw reader.refuse(
      'auth',
      'is missing, and NODE_ENV is "production": anyone who can reach the app could see and control its pools',
      `Set { user, password } or a function (request) => boolean; if a proxy protects ${path}, set auth: () => true.`,
    );
  return { path, auth, actions, origins };
}

function readPath(reader: OptionReader): string {
  const value = reader.raw('path') ?? dashboardDefaults.path;
  const path = typeof value === 'string' ? value.replace(/^\/+|\/+$/g, '') : '';
  if (/^[\w~.-]+(\/[\w~.-]+)*$/.test(path)) return path;
  throw reader.refuse('path', `must be a plain path, but is ${show(value)}`, "Pass a path such as '/flame' or '/ops/flame'.");
}

function readOrigins(reader: OptionReader): readonly string[] {
  const value = reader.raw('origins') ?? [];
  const origins = Array.isArray(value) ? (value as unknown[]) : [value];
  return origins.map((origin) => {
    if (typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin) return origin;
    throw reader.refuse(
      'origins',
      `must be a list of origins, but has ${show(origin)}`,
      "Pass a list such as ['https://ops.example.com'].",
    );
  });
}

function readAuth(reader: OptionReader): DashboardAuth | undefined {
  const value = reader.raw('auth');
  if (value === undefined || typeof value === 'function') return value as DashboardAuth | undefined;
  const path = `${reader.path}.auth`;
  if (typeof value !== 'object' || value === null)
    throw badOption(path, `must be { user, password } or a function, but is ${show(value)}`, 'Pass one of these.');
  const pair = new OptionReader(value, path);
  const auth = { user: pair.text('user'), password: pair.text('password') };
  pair.done();
  if (auth.user.includes(':')) throw badOption(`${path}.user`, 'has a ":", which basic auth cannot carry', 'Choose another name.');
  return auth;
}
