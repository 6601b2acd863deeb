import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { startApp } from '../../../../../test/support/nest-app.js';
import { FlameModule } from '../module/flame.module.js';
import { FlamePool } from './flame-pool.js';
import { getPoolToken, InjectPool } from '../decorator/inject-pool.decorator.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';

@Injectable()
class Service {
  @OnFlame('work')
  async run(): Promise<void> {}
}

describe('FlamePool', () => {
  @Injectable()
  class Watcher {
    readonly events: string[] = [];
    early = '';
    constructor(@InjectPool('work') readonly pool: FlamePool) {
      pool.events$.subscribe({ next: ({ type: is }) => this.events.push(is), complete: () => this.events.push('complete') });
      try {
        pool.stats();
      } catch (error) {
        this.early = (error as Error).message;
      }
    }
  }

  it('emits all events of the pool, also to those who subscribed before it opened', async () => {
    const app = await startApp({ imports: [FlameModule.forRoot([{ name: 'work', min: 1, max: 1 }])], providers: [Watcher] });
    const watcher = app.get(Watcher);
    expect(watcher.early).toMatch(
      /^stats\(\) of pool "work" was called before the app's pools were open: .*; in a test, await module\.init\(\)/,
    );
    await app.close();
    expect(watcher.events).toEqual(expect.arrayContaining(['booting', 'up', 'draining', 'gone', 'drained', 'complete']));
    expect(watcher.events[0]).toBe('booting');
    expect(watcher.events.at(-1)).toBe('complete');
  });

  it('resizes and drains while the app runs', async () => {
    const app = await startApp({ imports: [FlameModule.forRoot([{ name: 'work', max: 1 }])], providers: [Watcher, Service] });
    const { pool } = app.get(Watcher);
    pool.resize({ max: 5 });
    expect(pool.stats()).toMatchObject({ min: 0, max: 5 });
    expect(() => pool.resize({ min: 6 })).toThrow(/min is 6, more than max/);
    await pool.drain();
    await expect(app.get(Service).run()).rejects.toMatchObject({ code: 'FLAME_REFUSED' });
  });

  it('can be overridden in tests', async () => {
    const fake = { stats: () => 'fake', events$: { subscribe: () => undefined } };
    const app = await startApp({ imports: [FlameModule.forRoot([{ name: 'work', max: 1 }])], providers: [Watcher] }, (builder) =>
      builder.overrideProvider(getPoolToken('work')).useValue(fake),
    );
    expect(app.get(Watcher).pool.stats()).toBe('fake');
  });
});
