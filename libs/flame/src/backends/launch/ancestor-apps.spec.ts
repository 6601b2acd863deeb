import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ancestorsFor, markAsRunner, refuseBelowOwnRunner } from './ancestor-apps.js';

const entry = join(__dirname, 'ancestor-apps.ts');

describe('refuseBelowOwnRunner', () => {
  afterEach(() => delete process.env.FLAME_ANCESTORS);

  it.each<[string, NodeJS.ProcessEnv]>([
    ['without a runner above', {}],
    ['below a runner of another app', ancestorsFor(entry, 'other handlers', {})],
    ['with a variable that is no list', { FLAME_ANCESTORS: '{"entry"' }],
    ['with a list of what is no app', { FLAME_ANCESTORS: '[null, 1]' }],
  ])('lets an app open its pools %s', (_, env) => {
    Object.assign(process.env, env);
    expect(() => refuseBelowOwnRunner('digest')).not.toThrow();
  });

  it('refuses the app to which the runner above this process belongs', () => {
    Object.assign(process.env, ancestorsFor(process.argv[1]!, 'handlers', {}));
    expect(() => refuseBelowOwnRunner('digest')).toThrow(
      expect.objectContaining({ code: 'FLAME_CONFIG', message: expect.stringContaining('FlameModule opens no pools here') }),
    );
  });

  it('keeps the apps of all ancestors, each once', () => {
    const one = ancestorsFor(entry, 'other handlers', {});
    const two = ancestorsFor(process.argv[1]!, 'handlers', one);
    expect(JSON.parse(two.FLAME_ANCESTORS!)).toHaveLength(2);
    markAsRunner('digest', two);
    expect(JSON.parse(two.FLAME_ANCESTORS!)).toEqual([
      expect.objectContaining({ entry }),
      expect.objectContaining({ handlers: 'digest', pid: process.pid }),
    ]);
  });
});
