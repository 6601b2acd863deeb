import { describe, expect, it } from 'vitest';
import { readDashboardOptions } from './dashboard-options.js';
import type { FlameDashboardOptions } from './dashboard-options.js';

const read = (options: unknown, production = false): ReturnType<typeof readDashboardOptions> =>
  readDashboardOptions(options as FlameDashboardOptions, 'FlameDashboardModule.forRoot', production);

describe('readDashboardOptions', () => {
  it('defaults to its path, without actions', () => {
    expect(read(undefined)).toEqual({ path: 'flame', auth: undefined, origins: [], actions: false });
  });

  it.each([
    [{ path: 'a b' }, /\.path must be a plain path, but is "a b"\. Pass a path such as '\/flame'/],
    [{ path: '/' }, /\.path must be a plain path/],
    [{ auth: 'secret' }, /\.auth must be \{ user, password \} or a function, but is "secret"/],
    [{ auth: { user: 'ops' } }, /\.auth\.password is missing/],
    [{ auth: { user: 'a:b', password: 'c' } }, /\.auth\.user has a ":"/],
    [{ origins: 7 }, /\.origins must be a list of origins, but has 7/],
    [
      { origins: ['ops.example'] },
      /\.origins must be a list of origins, but has "ops\.example"\. Pass a list such as \['https:\/\/ops\.example\.com'\]/,
    ],
    [{ origins: ['https://ops.example/flame'] }, /\.origins must be a list of origins/],
    [{ actions: 'yes' }, /\.actions must be true or false/],
    [{ title: 'mine' }, /\.title is not an option\. The options are: path, auth, actions/],
  ])('refuses %j', (options, message) => {
    expect(() => read(options)).toThrow(message);
  });

  it('refuses to start without auth in production, and names the option', () => {
    expect(() => read({}, true)).toThrow(/\.auth is missing, and NODE_ENV is "production".*\{ user, password \}.*auth: \(\) => true/);
    expect(read({ auth: () => true, path: '/ops/flame/' }, true)).toMatchObject({ path: 'ops/flame' });
  });
});
