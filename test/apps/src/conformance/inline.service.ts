import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Scope } from '@nestjs/common';
import { ClsService } from 'nestjs-cls';
import { Flame, FlameCall, OnFlame } from 'nestjs-flame';
import type { FlameCallOptions, FlameMapOptions } from 'nestjs-flame';
import { $function, $inline, $method } from 'nestjs-flame/inline';
import { Page } from './pages.service.js';
import { here, mark } from './work.service.js';

// The marks and copies are those that the compile step writes. They stand here by hand, because the parent and the runners of the suite are
// compiled by different compilers, and so would have different digests.

/** A base class whose methods are inherited. */
class Named {
  constructor(protected readonly flame: Flame) {}

  protected get label(): string {
    return `${this.constructor.name} of ${here()}`;
  }

  [$method('Named.ask/1', 'named-1', ['greeting'])](greeting: string): unknown {
    return (async () => `${greeting}, ${this.label}`)();
  }

  ask(greeting: string): Promise<string> {
    return this.flame.call(
      'p',
      $inline(
        async () => `${greeting}, ${this.label}`,
        'Named.ask/1',
        () => [this, greeting],
        undefined,
        'named-1',
      ),
    );
  }
}

/** One instance for each call. */
@Injectable({ scope: Scope.REQUEST })
export class InlinePerCall extends Named {
  constructor(flame: Flame) {
    super(flame);
  }
}

/** What an item of `InlineService.each` gives. */
export interface EachResult {
  /** The captured list and the item. */
  readonly list: string[];
  readonly index: number;
  readonly runner: string;
  readonly here: string;
}

/** Inline functions. */
@Injectable()
export class InlineService extends Named {
  readonly #secret = 'secret';

  constructor(
    flame: Flame,
    private readonly cls: ClsService,
  ) {
    super(flame);
  }

  protected override get label(): string {
    return 'overridden';
  }

  [$method('InlineService.place/1', 'place-1', ['list'])](list: string[]): unknown {
    return (async () => {
      list.push(this.#secret, super.label);
      return { list, runner: FlameCall.current()?.runnerId, here: here() };
    })();
  }

  place(list: string[]): Promise<{ list: string[]; runner: string | undefined; here: string }> {
    return this.flame.call(
      'p',
      $inline(
        async () => {
          list.push(this.#secret, super.label);
          return { list, runner: FlameCall.current()?.runnerId, here: here() };
        },
        'InlineService.place/1',
        () => [this, list],
        undefined,
        'place-1',
      ),
    );
  }

  [$method('InlineService.count/1', 'count-1', ['file', 'most'])](file: string, most: number): unknown {
    return async function* (this: InlineService) {
      try {
        for (let number = 1; number <= most; number++) {
          mark(file, `gave ${number}`);
          yield number;
        }
      } finally {
        mark(file, 'over');
      }
    }.call(this);
  }

  count(file: string, most: number): AsyncIterable<number> {
    return this.flame.call(
      'p',
      $inline(
        async function* (this: InlineService) {
          try {
            for (let number = 1; number <= most; number++) {
              mark(file, `gave ${number}`);
              yield number;
            }
          } finally {
            mark(file, 'over');
          }
        },
        'InlineService.count/1',
        () => [this, file, most],
        undefined,
        'count-1',
      ),
    );
  }

  [$method('InlineService.sum/1', 'sum-1', ['numbers'])](numbers: AsyncIterable<number>): unknown {
    return (async () => {
      let sum = 0;
      for await (const number of numbers) {
        FlameCall.current()?.progress(number);
        sum += number;
      }
      return [sum, this.#secret];
    })();
  }

  /** Reads a stream that it captured. */
  sum(numbers: AsyncIterable<number>, options: FlameCallOptions): Promise<unknown> {
    return this.flame.call(
      'p',
      $inline(
        async () => {
          let sum = 0;
          for await (const number of numbers) {
            FlameCall.current()?.progress(number);
            sum += number;
          }
          return [sum, this.#secret];
        },
        'InlineService.sum/1',
        () => [this, numbers],
        undefined,
        'sum-1',
      ),
      options,
    );
  }

  [$method('InlineService.each/1', 'each-1', ['file', 'list'])](file: string, list: string[], item: string, index: number): unknown {
    return (async (item: string, index: number) => {
      list.push(item);
      return this.#one(file, list, index);
    })(item, index);
  }

  /** An item `stay` stays until it is aborted, or dies with its runner, except at the last attempt. */
  each(items: Iterable<string> | AsyncIterable<string>, file: string, options?: FlameMapOptions): AsyncIterable<EachResult> {
    const list = [this.#secret];
    return this.flame.map(
      'p',
      items,
      $inline(
        async (item: string, index: number) => {
          list.push(item);
          return this.#one(file, list, index);
        },
        'InlineService.each/1',
        () => [this, file, list],
        undefined,
        'each-1',
      ),
      { ...options, settle: false },
    );
  }

  async #one(file: string, list: string[], index: number): Promise<EachResult> {
    const { attempt, runnerId, signal } = FlameCall.current()!;
    mark(file, `${index} attempt ${attempt}`);
    if (list.at(-1) === 'stay' && attempt === 1)
      await sleep(60_000, undefined, { signal }).catch((error: unknown) => {
        mark(file, `${index} abort`);
        throw error;
      });
    return { list, index, runner: runnerId, here: here() };
  }

  [$method('InlineService.open/1', 'open-1', ['file', 'url'])](file: string, url: string): unknown {
    return (async () => new Page(`${url} ${this.#secret}`, file))();
  }

  open(file: string, url: string, options?: FlameCallOptions): Promise<unknown> {
    return this.flame.call(
      'p',
      $inline(
        async () => new Page(`${url} ${this.#secret}`, file),
        'InlineService.open/1',
        () => [this, file, url],
        undefined,
        'open-1',
      ),
      options,
    );
  }

  [$method('InlineService.requestId/1', 'request-id-1', [])](): unknown {
    return (async () => (this.cls.isActive() ? this.cls.getId() : undefined))();
  }

  requestId(): Promise<string | undefined> {
    return this.flame.call(
      'p',
      $inline(
        async () => (this.cls.isActive() ? this.cls.getId() : undefined),
        'InlineService.requestId/1',
        () => [this],
        undefined,
        'request-id-1',
      ),
    );
  }

  /** Two functions in one method; the first runs in place. */
  @OnFlame('p')
  async inPlace(list: string[]): Promise<[string[], string]> {
    const { here: there } = await this.place(list);
    return [list, there];
  }
}

$function('src/conformance/inline.service.js#stays/1', 'stays-1', ['file'], ((file: string) => (async () => stay(file))()) as never);

/** An inline function outside of classes. It leaves a mark and stays until it is aborted, or dies with its runner, except at the last attempt. */
export function stays(flame: Flame, file: string, options: FlameCallOptions): Promise<string> {
  return flame.call(
    'p',
    $inline(
      async () => stay(file),
      'src/conformance/inline.service.js#stays/1',
      () => [undefined, file],
      undefined,
      'stays-1',
    ),
    options,
  );
}

$function('src/conformance/inline.service.js#begins/1', 'begins-1', ['file'], ((file: string) => (async () => stay(file))()) as never);

export function begins(flame: Flame, file: string): Promise<void> {
  return flame.cast(
    'p',
    $inline(
      async () => stay(file),
      'src/conformance/inline.service.js#begins/1',
      () => [undefined, file],
      undefined,
      'begins-1',
    ),
  );
}

async function stay(file: string): Promise<string> {
  const { attempt, signal, runnerId } = FlameCall.current()!;
  mark(file, `attempt ${attempt}`);
  if (attempt > 1) return runnerId;
  try {
    await sleep(60_000, undefined, { signal });
  } catch {
    mark(file, 'abort');
  }
  throw signal.reason;
}
