import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Module, Scope } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Flame, FlameCall, FlameModule, FlameParent, ProcessBackend } from 'nestjs-flame';

/** Lines for the test. */
function say(what: string, value: unknown): void {
  console.log(`[${what}] ${JSON.stringify(value)}`);
}

class Base {
  constructor(protected readonly flame: Flame) {}

  protected name(): string {
    return 'base';
  }

  async greet(who: string): Promise<unknown> {
    return this.flame.call('p', async () => [`${who} ${this.name()}`, process.pid]);
  }
}

@Injectable()
class Videos extends Base {
  readonly #secret = 'secret';
  #atStart: unknown;

  constructor(flame: Flame) {
    super(flame);
  }

  /** A runner calls inline functions outside of handlers. */
  async onApplicationBootstrap(): Promise<void> {
    if (!FlameParent.get()) return;
    const list: unknown[] = [];
    await this.flame.call('p', async () => list.push(this.#secret));
    await this.flame.cast('p', async () => list.push('cast'));
    for await (const page of this.pages(1)) list.push(page);
    for await (const double of this.flame.map('p', [1, 2], async (number) => number * 2)) list.push(double);
    const late = this.flame.call('p', async () => sleep(60_000, undefined, { signal: FlameCall.current()!.signal }), { timeout: 50 });
    list.push(await late.catch(({ message }: Error) => message));
    this.#atStart = list;
  }

  async atStart(): Promise<unknown> {
    return this.flame.call('p', async () => this.#atStart);
  }

  protected override name(): string {
    return 'videos';
  }

  async publish(video: { id: number; every?: number }, every: number): Promise<unknown> {
    const onProgress = (value: unknown): void => say('progress', value);
    return this.flame.call(
      'p',
      async () => {
        video.every = every;
        FlameCall.current()!.progress('half');
        return [video, this.#secret, super.name(), process.pid];
      },
      { onProgress },
    );
  }

  pages(count: number): AsyncIterable<unknown> {
    return this.flame.call('p', async function* (this: Videos) {
      for (let page = 1; page <= count; page++) yield [page, this.name(), process.pid];
    });
  }

  /** Dies with its runner the first time. */
  async survive(): Promise<unknown> {
    return this.flame.call(
      'p',
      async () => {
        const { attempt } = FlameCall.current()!;
        if (attempt === 1) process.kill(process.pid, 'SIGKILL');
        return attempt;
      },
      { retry: { attempts: 2 }, idempotent: true },
    );
  }

  async stay(): Promise<unknown> {
    return this.flame.call('p', async () => new Promise(() => {}), { timeout: 500 });
  }

  async hold(socket: Socket): Promise<unknown> {
    return this.flame.call('p', async () => socket);
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerCall extends Base {
  constructor(flame: Flame) {
    super(flame);
  }
}

@Module({ imports: [FlameModule.forRoot([{ name: 'p', max: 1 }], { backend: new ProcessBackend() })], providers: [Videos, PerCall] })
class AppModule {}

async function sum(flame: Flame, a: number, b: number): Promise<unknown> {
  return flame.call('p', async () => [a + b, process.pid]);
}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
const videos = app.get(Videos);
const failed = (error: Error): string => error.message;
const video = { id: 1 };
say('publish', [await videos.publish(video, 5), video]);
say('greet', await videos.greet('hello'));
say('per call', await (await app.resolve(PerCall)).greet('hello'));
for await (const page of videos.pages(2)) say('page', page);
say('sum', await sum(app.get(Flame), 1, 2));
say('at start', await videos.atStart());
say('survive', await videos.survive());
say('stay', await videos.stay().catch(failed));
say('hold', await videos.hold(new Socket()).catch(failed));
await app.close();
say('closed', process.pid);
