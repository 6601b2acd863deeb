import { describe, expect, it } from 'vitest';
import { OptionReader } from '../../core/options/option-reader.js';
import { readShipping } from './ship-options.js';

const read = (options: object) => readShipping(new OptionReader(options, 'Test'));

describe('readShipping', () => {
  it('ships nothing by default, and the app as it is with true', () => {
    expect(read({})).toMatchObject({ shipCode: undefined, shipsCode: false });
    expect(read({ shipCode: false })).toMatchObject({ shipCode: undefined, shipsCode: false });
    expect(read({ shipCode: true })).toMatchObject({
      shipsCode: true,
      shipCode: { paths: [], include: [], exclude: [], cache: undefined, entry: undefined, maxBytes: 1_073_741_824 },
    });
  });

  it.each([
    [{ shipCode: 'yes' }, 'Test.shipCode must be true, false or an object of options, but is "yes"'],
    [{ shipCode: { path: [] } }, 'Test.shipCode.path is not an option'],
    [{ shipCode: { paths: 'models' } }, 'Test.shipCode.paths must be a list of strings'],
    [{ shipCode: { maxBytes: 0 } }, 'Test.shipCode.maxBytes must be a whole number of at least 1'],
    [{ shipCode: { cache: 'cache' } }, 'Test.shipCode.cache must be an absolute path on the machine, but is "cache"'],
    [{ shipCode: true, env: { NODE_OPTIONS: '--no-warnings --import tsx' } }, 'Test.env.NODE_OPTIONS preloads "tsx"'],
  ])('refuses %j', (options, message) => {
    expect(() => read(options)).toThrow(expect.objectContaining({ code: 'FLAME_CONFIG', message: expect.stringContaining(message) }));
  });

  it.each(['/var/cache/app', '~/.cache/app', 'C:\\cache'])('takes %s as the folder of the cache', (cache) => {
    expect(read({ shipCode: { cache } }).shipCode).toMatchObject({ cache });
  });
});
