import { Injectable, Module } from '@nestjs/common';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { startApp } from '../../../../../test/support/nest-app.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameModule } from '../module/flame.module.js';
import { Flame } from './flame.service.js';
import type { ChildArgs } from './flame.service.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';
import type { RemoteChild } from './remote-child.js';

@Injectable()
class Store {
  readonly name = 'store';
}

/** Named in the module's `handlers`, and provided by nobody. */
@Injectable()
class Room {
  readonly #store: Store;
  readonly seen: string[] = [];
  topic = '';

  constructor(store: Store) {
    this.#store = store;
  }

  onFlameStart({ topic }: { topic: string }): void {
    this.topic = topic;
  }

  async say(text: string): Promise<string> {
    return `${this.topic}/${this.#store.name}: ${text}`;
  }

  async *history(): AsyncGenerator<string> {
    yield 'one';
    yield 'two';
  }

  async leave(reason?: string): Promise<number> {
    FlameCall.current()!.end(reason);
    return 1;
  }

  stillHere(): Promise<void> {
    return new Promise((_, reject) => FlameCall.current()!.signal.addEventListener('abort', () => reject(new Error('aborted'))));
  }

  sync(): number {
    return 1;
  }
}

@Injectable()
class Hidden {}

/** Provided in a module of its own, which does not export its dependency. */
@Injectable()
class Inner {
  readonly word = 'inner';
}

@Injectable()
class Worker {
  constructor(readonly inner: Inner) {}

  @OnFlame('one')
  async word(): Promise<string> {
    return this.inner.word;
  }

  @OnFlame('one')
  async mistaken(): Promise<void> {
    FlameCall.current()!.end('I am no child');
  }
}

@Module({ providers: [Worker, Inner], exports: [Worker] })
class WorkerModule {}

@Injectable()
class Places {
  constructor(private readonly flame: Flame) {}

  /** A child placed from inside of a handler. */
  @OnFlame('one')
  async within(): Promise<unknown> {
    const child = await this.flame.placeChild('two', Room, { topic: 'inside' });
    const said = await child.api.say('hi');
    const left = await child.api.leave('enough');
    return {
      said,
      left,
      exit: await child.exited,
      after: await child.api.say('again').catch((error: unknown) => (error as Error).message),
    };
  }

  @OnFlame('one')
  async stopped(): Promise<unknown> {
    const child = await this.flame.placeChild('two', Room, { topic: 'inside' });
    const waits = child.api.stillHere().catch((error: unknown) => (error as Error).message);
    return { exit: await child.stop('done'), waited: await waits };
  }
}

async function start(): Promise<Flame> {
  const pools = [
    { name: 'one', max: 1 },
    { name: 'two', max: 1 },
  ];
  const app = await startApp({
    imports: [FlameModule.forRoot(pools, { handlers: [Room] }), WorkerModule],
    providers: [Store, Places],
  });
  return app.get(Flame);
}

describe('RemoteChild', () => {
  it('is created from a class that no module provides, with its dependencies and arguments', async () => {
    const flame = await start();
    const child = await flame.placeChild('one', Room, { topic: 'tea' });
    expect(await child.api.say('hello')).toBe('tea/store: hello');
    const items: string[] = [];
    for await (const item of child.api.history()) items.push(item);
    expect(items).toEqual(['one', 'two']);
    expect(await child.stop()).toEqual({ how: 'stopped', reason: 'it was stopped' });
  });

  it('is created with the dependencies of the module that provides its class', async () => {
    const flame = await start();
    await using child = await flame.placeChild('one', Worker, undefined);
    expect(await child.api.word()).toBe('inner');
  });

  it('has only the asynchronous methods of the class, typed', async () => {
    type Api = RemoteChild<Room>['api'];
    expectTypeOf<keyof Api>().toEqualTypeOf<'say' | 'history' | 'leave' | 'stillHere'>();
    expectTypeOf<Api['say']>().toEqualTypeOf<(text: string) => Promise<string>>();
    expectTypeOf<ChildArgs<Room>>().toEqualTypeOf<{ topic: string }>();
    expectTypeOf<ChildArgs<Worker>>().toEqualTypeOf<undefined>();
    const flame = await start();
    await using child = await flame.placeChild('one', Room, { topic: 'tea' });
    // @ts-expect-error -- hooks are the runner's
    expect(() => child.api.onFlameStart).toThrow(
      /Room\.onFlameStart cannot be called on a child.*Its methods are: say, history, leave, stillHere, sync/,
    );
    expect(await (child.api as unknown as Promise<unknown>)).toBe(child.api);
  });

  it('accepts options for its methods, and refuses unknown ones', async () => {
    const flame = await start();
    await using child = await flame.placeChild('one', Room, { topic: 'tea' });
    expect(await failure(child.with({ timeout: 20 }).stillHere())).toMatchObject({ code: 'FLAME_TIMEOUT' });
    // @ts-expect-error -- a method is always linked
    expect(() => child.with({ link: false })).toThrow(/child\.with\(\) of Room\.link is not an option/);
  });

  it('cannot be created from another class, or in an unknown pool', async () => {
    const flame = await start();
    const hidden = await failure(flame.placeChild('one', Hidden, undefined));
    expect(hidden).toMatchObject({ code: 'FLAME_DENIED', ran: 'no' });
    expect(hidden.message).toMatch(/children of Hidden cannot be placed on runners\. Name Hidden in FlameModule's handlers/);
    expect(await failure(flame.placeChild('three', Room, { topic: '' }))).toMatchObject({ code: 'FLAME_CONFIG' });
  });

  it('is created in place inside of a handler, and ends there as elsewhere', async () => {
    const flame = await start();
    expect(await flame.on('one', Places).within()).toEqual({
      said: 'inside/store: hi',
      left: 1,
      exit: { how: 'ended', reason: 'enough' },
      after: 'Room.say was not run: its child has ended (enough)',
    });
    expect(await flame.on('one', Places).stopped()).toEqual({ exit: { how: 'stopped', reason: 'done' }, waited: 'aborted' });
  });

  it('is the only one that may call end(): a call may not', async () => {
    const flame = await start();
    await expect(flame.on('one', Worker).mistaken()).rejects.toThrow(/Worker\.mistaken is not a method of a child/);
  });
});
