import { describe, expect, it } from 'vitest';
import { ProcessBackend } from './process-backend.js';

describe('ProcessBackendOptions', () => {
  it.each<[unknown, string]>([
    [null, 'ProcessBackend must be an object of options'],
    [
      { entri: 'x' },
      'ProcessBackend.entri is not an option. Did you mean entry? The options are: entry, args, execArgv, inheritEnv, env, cwd, inspect, bundle.',
    ],
    [{ entry: '' }, 'ProcessBackend.entry must be the path or file: URL'],
    [{ entry: 5 }, 'ProcessBackend.entry must be the path or file: URL'],
    [{ entry: new URL('http://x/main.js') }, 'ProcessBackend.entry must be the path or file: URL'],
    [{ args: 'a' }, 'ProcessBackend.args must be a list of strings, but is "a"'],
    [{ execArgv: [1] }, 'ProcessBackend.execArgv must be a list of strings, but is an array of 1'],
    [{ env: 'x' }, 'ProcessBackend.env must be an object'],
    [{ env: { PORT: 3000 } }, 'ProcessBackend.env.PORT must be a string, but is of type number. Pass a string'],
    [{ env: { FLAME_PARENT: 'x' } }, 'ProcessBackend.env.FLAME_PARENT cannot be overridden'],
    [{ inheritEnv: 'some' }, `ProcessBackend.inheritEnv must be 'all', 'none' or a list of names, but is "some"`],
    [{ cwd: '/nowhere' }, 'ProcessBackend.cwd is not a folder: "/nowhere"'],
    [{ inspect: 'yes' }, `ProcessBackend.inspect must be true, a port or 'brk', but is "yes". Pass true`],
    [{ inspect: 65_536 }, 'ProcessBackend.inspect must be true, a port'],
    [{ inspect: 9230.5 }, 'ProcessBackend.inspect must be true, a port'],
  ])('refuses %j', (options, message) => {
    expect(() => new ProcessBackend(options as object)).toThrow(
      expect.objectContaining({ code: 'FLAME_CONFIG', message: expect.stringContaining(message) }),
    );
  });

  it('does not show the value of a variable, which may be a secret', () => {
    expect(() => new ProcessBackend({ env: { KEY: ['hunter2'] as never } })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    );
  });
});
