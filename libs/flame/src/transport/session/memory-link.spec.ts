import { describe, expect, it } from 'vitest';
import { settle } from '../../../../../test/support/virtual-clock.js';
import type { LinkEnd } from './link.js';
import { memoryLinks } from './memory-link.js';

/** Both ends, and how they ended. */
function links(): ReturnType<typeof memoryLinks> & { ends: LinkEnd['how'][] } {
  const ends: LinkEnd['how'][] = [];
  const { parent, runner } = memoryLinks();
  for (const link of [parent, runner]) link.open({ frame: () => {}, closed: ({ how }) => ends.push(how) });
  return { parent, runner, ends };
}

describe('MemoryLink', () => {
  it('ends at once when it is cut during its close, from either end', async () => {
    for (const end of ['parent', 'runner'] as const) {
      const { [end]: closing, runner, ends } = links();
      await settle();
      const closed = closing.close('done');
      runner.cut();
      await closed;
      expect(ends.sort()).toEqual(['closed', 'cut']);
    }
  });
});
