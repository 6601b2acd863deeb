import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import { FlameBackend } from 'nestjs-flame';
import type { BackendContext, BootRequest, Machine } from 'nestjs-flame';
import { filter, firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { WorkService } from '../apps/src/conformance/work.service.js';
import { failure } from '../support/failure.js';
import { rule } from '../support/conformance.js';

/** What an app knows of the request around, such as a token that its logger adds to each line. */
const request = new AsyncLocalStorage<string>();

/** Where a request was seen that had no business there: `what: request`. */
class Sightings {
  readonly seen = new Set<string>();
  readonly leaks = new Set<string>();

  look(what: string): void {
    this.seen.add(what);
    const store = request.getStore();
    if (store !== undefined) this.leaks.add(`${what}: ${store}`);
  }
}

/** Another backend, which looks around in what the pool asks of it and in what its machines tell. */
class LookingBackend extends FlameBackend {
  readonly name = 'looking';
  readonly reach: FlameBackend['reach'];

  constructor(
    readonly inner: FlameBackend,
    readonly sightings: Sightings,
  ) {
    super();
    this.reach = inner.reach;
  }

  override prepare(context: BackendContext): Promise<void> {
    return this.inner.prepare(context);
  }

  async boot(request: BootRequest): Promise<Machine> {
    this.sightings.look('boot');
    const machine = await this.inner.boot(request);
    this.sightings.look('booted');
    const { id, exited } = machine;
    void exited.then(() => this.sightings.look('exited'));
    const stop = async (grace: number): Promise<void> => {
      this.sightings.look('stop');
      await machine.stop(grace);
    };
    return { id, exited, stop };
  }

  override close(): Promise<void> {
    return this.inner.close();
  }
}

rule('The work of the pool has no context of a call', (start, backend) => {
  it('boots, reads output, logs, emits events and sets timers without the context of any call', async () => {
    const sightings = new Sightings();
    const look = (what: string) => (): void => sightings.look(what);
    const { app, work, flame, pool, file } = await start(
      { max: 1, maxConcurrency: 1, log: 'log', onGrowStart: look('onGrowStart'), onGrowEnd: look('onGrowEnd'), onShrink: look('onShrink') },
      { backend: new LookingBackend(backend.make(), sightings), onCastError: look('onCastError') },
    );
    const log = (...line: unknown[]): void => {
      const origin = String(line.at(-1));
      if (origin.startsWith('Flame p-')) sightings.look(origin.includes(' call ') ? 'logged by a runner' : 'printed by a runner');
      else sightings.look('line of the pool');
    };
    app.useLogger({ log, warn: log, error: log, debug: log });
    pool.events$.subscribe((event) => sightings.look(event.type));
    const when = (is: string): Promise<unknown> => firstValueFrom(pool.events$.pipe(filter((event) => event.type === is)));

    // Subscribers of `events$` begin in a later turn.
    await setImmediate();
    const marks = file();
    const first = request.run('first', () => work.work(marks, 300));
    const second = request.run('second', () => work.pid());
    await request.run('impatient', () => failure(flame.on('p', WorkService, { timeout: 30 }).pid()));
    const aborting = new AbortController();
    const given = request.run('given up', () => failure(flame.on('p', WorkService, { signal: aborting.signal }).pid()));
    request.run('aborter', () => aborting.abort());
    await Promise.all([first, second, given]);
    if (backend.isolated) {
      await request.run('speaker', () => work.say('hello'));
      await expect.poll(() => [...sightings.seen]).toEqual(expect.arrayContaining(['logged by a runner', 'printed by a runner']));
    }
    const failed = when('cast-failed');
    await request.run('cast', () => work.note(marks, 'fail'));
    await failed;
    await request.run('operator', async () => {
      pool.pause();
      pool.resume();
      pool.resize({ min: 0, max: 1 });
      await pool.drainRunner(pool.stats().runners[0]!.id);
    });
    await request.run('closer', () => pool.drain());

    expect([...sightings.leaks]).toEqual([]);
    const everywhere = ['boot', 'booted', 'stop', 'exited', 'onGrowStart', 'onGrowEnd', 'onShrink', 'onCastError', 'line of the pool'];
    const events =
      'booting up call-waiting call-started call-answered call-ended call-failed cast-failed paused unpaused resized stopping gone drained';
    expect([...sightings.seen]).toEqual(expect.arrayContaining([...everywhere, ...events.split(' ')]));
  });
});
