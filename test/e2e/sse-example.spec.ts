import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Injectable, Module, Param, Sse } from '@nestjs/common';
import type { INestApplication, MessageEvent } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Flame, FlameCall, FlameModule, OnFlame } from 'nestjs-flame';
import { map, Observable } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Gets what ended a handler's work early. */
let ended: (how: string) => void = () => {};

@Injectable()
class FilmsService {
  @OnFlame('films')
  frames(count: number): Observable<{ frame: number }> {
    return new Observable((reader) => {
      for (let frame = 1; frame <= count; frame++) reader.next({ frame });
      if (count < 10) return reader.complete();
      return () => ended('unsubscribed');
    });
  }

  @OnFlame('films')
  async encode(parts: number): Promise<string> {
    const call = FlameCall.current()!;
    for (let done = 1; done <= parts; done++) call.progress({ done, of: parts });
    if (parts < 10) return 'encoded';
    call.signal.addEventListener('abort', () => ended('aborted'));
    return sleep(60_000, 'late', { signal: call.signal });
  }
}

// docs/streams.md shows the class that follows.
@Controller('films')
export class FilmsController {
  constructor(
    private readonly films: FilmsService,
    private readonly flame: Flame,
  ) {}

  /** An Observable of a handler: each item is an event. */
  @Sse('frames/:count')
  frames(@Param('count') count: string): Observable<MessageEvent> {
    return this.films.frames(Number(count)).pipe(map((frame) => ({ data: frame })));
  }

  /** The progress of a handler, and its result. */
  @Sse('encode/:parts')
  encode(@Param('parts') parts: string): Observable<MessageEvent> {
    return new Observable((browser) => {
      const left = new AbortController();
      const onProgress = (data: object): void => browser.next({ type: 'progress', data });
      const films = this.flame.on('films', FilmsService, { onProgress, signal: left.signal });
      films.encode(Number(parts)).then(
        (data) => {
          browser.next({ type: 'result', data });
          browser.complete();
        },
        (error: unknown) => browser.error(error),
      );
      return () => left.abort();
    });
  }
}

@Module({
  imports: [FlameModule.forRoot([{ name: 'films', max: 1 }])],
  controllers: [FilmsController],
  providers: [FilmsService],
})
class AppModule {}

describe('Server-sent events of a handler', () => {
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(app.getHttpServer() as { address(): AddressInfo }).address().port}/films`;
  });
  afterAll(() => app.close());

  /** The events of a response that ends: type and data. */
  async function events(path: string): Promise<string[][]> {
    const text = await (await fetch(`${url}/${path}`)).text();
    const field = (event: string, name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(event)?.[1] ?? '';
    const all = text.split('\n\n').map((event) => [field(event, 'event'), field(event, 'data')]);
    return all.filter(([, data]) => data !== '');
  }

  it('has each item of an Observable', async () => {
    expect(await events('frames/3')).toEqual([1, 2, 3].map((frame) => ['', JSON.stringify({ frame })]));
  });

  it('has the progress of a call, and then its result', async () => {
    expect(await events('encode/2')).toEqual([
      ['progress', '{"done":1,"of":2}'],
      ['progress', '{"done":2,"of":2}'],
      ['result', 'encoded'],
    ]);
  });

  it.each([
    ['frames/20', 'unsubscribed'],
    ['encode/20', 'aborted'],
  ])('ends the work of %s when the browser leaves', async (path, how) => {
    const early = new Promise<string>((resolve) => (ended = resolve));
    const browser = new AbortController();
    const { body } = await fetch(`${url}/${path}`, { signal: browser.signal });
    await body!.getReader().read();
    browser.abort();
    expect(await early).toBe(how);
  });
});
