import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { PoolRig } from '../../../../../test/support/pool-rig.js';
import { FlameCall } from '../../runner/executor/flame-call.js';

class Account {
  id = 1;
  run(): void {}
}

async function read(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

describe('FLAME_ENCODING', () => {
  const rig = new PoolRig({
    'A.takes': async () => {},
    'A.gives': async () => [new Account()],
    'A.tells': async () => FlameCall.current()!.progress([new Account()]),
    'A.reads': read,
    async *'A.items'() {
      yield [new Account()];
    },
  });
  async function* accounts(): AsyncGenerator<unknown> {
    yield [new Account()];
  }

  it.each<[string, () => Promise<unknown>]>([
    ['an argument', () => rig.call('A.takes', [[new Account()]])],
    ['a result', () => rig.call('A.gives')],
    ['progress', () => rig.call('A.tells')],
    ['an item of an argument', () => rig.call('A.reads', [accounts()])],
    ['an item of a result', async () => read((await rig.call('A.items')) as AsyncIterable<unknown>)],
  ])('is printed with its reason once: %s', async (_, call) => {
    const error = await failure(call());
    expect(error).toMatchObject({ code: 'FLAME_ENCODING', message: expect.stringMatching(/\[0\]: an Account cannot cross/) });
    // As Nest's filter of exceptions and most loggers print it, with what the error holds.
    expect(inspect(error).split('would lose the method run()')).toHaveLength(2);
  });
});
