import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { applyDecorators, Injectable, SetMetadata } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EntityManager } from 'typeorm';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { startApp } from '../../../../../test/support/nest-app.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameModule } from '../module/flame.module.js';
import { OnFlame } from './on-flame.decorator.js';

const pools = FlameModule.forRoot([{ name: 'work', max: 1 }]);

function place(): string {
  return FlameCall.current()?.pool ?? 'here';
}

const upper = Symbol('upper');

/** A decorator that replaces the method and keeps nothing of it. */
function Shouting(): MethodDecorator {
  return (_target, _key, descriptor: PropertyDescriptor) => {
    const method = descriptor.value as (...args: unknown[]) => Promise<string>;
    descriptor.value = async function (this: unknown, ...args: unknown[]) {
      return `${(await method.apply(this, args)).toUpperCase()} (${place()})`;
    };
  };
}

@Injectable()
class Service {
  readonly prefix = 'in';

  @SetMetadata('above', 1)
  @OnFlame('work')
  @SetMetadata('below', 2)
  async where(a: string, _b: string): Promise<string> {
    return `${a} ${this.prefix} ${place()}`;
  }

  @Shouting()
  @OnFlame('work')
  async above(): Promise<string> {
    return place();
  }

  @OnFlame('work')
  @Shouting()
  async below(): Promise<string> {
    return place();
  }

  @OnFlame('work')
  async [upper](): Promise<string> {
    return place();
  }

  @OnFlame('work')
  async nested(): Promise<string> {
    return this.where('nested', '');
  }
}

describe('OnFlame', () => {
  it('runs the method on a runner, on an instance of its app', async () => {
    const app = await startApp({ imports: [pools], providers: [Service] });
    expect(await app.get(Service).where('it', 'runs')).toBe('it in work');
  });

  it('calls a method of a plain instance directly', async () => {
    expect(await new Service().where('it', 'runs')).toBe('it in here');
  });

  it('calls a method directly in an app without a FlameModule', async () => {
    const app = await startApp({ providers: [Service] });
    expect(await app.get(Service).where('it', 'runs')).toBe('it in here');
  });

  it('runs a method directly if a mocker replaces missing providers', async () => {
    const app = await startApp({ providers: [Service] }, (builder) => builder.useMocker(() => ({})));
    expect(await app.get(Service).where('it', 'runs')).toBe('it in here');
  });

  it('runs in place inside a handler', async () => {
    const app = await startApp({ imports: [FlameModule.forRoot([{ name: 'work', max: 1, maxConcurrency: 1 }])], providers: [Service] });
    expect(await app.get(Service).nested()).toBe('nested in work');
  });

  it('keeps name, length and the metadata of decorators above and below', () => {
    const { where } = Service.prototype;
    expect([where.name, where.length]).toEqual(['where', 2]);
    expect([Reflect.getMetadata('above', where), Reflect.getMetadata('below', where)]).toEqual([1, 2]);
  });

  it('runs decorators above it at the caller and those below it on the runner', async () => {
    const app = await startApp({ imports: [pools], providers: [Service] });
    expect(await app.get(Service).above()).toBe('WORK (here)');
    expect(await app.get(Service).below()).toBe('WORK (work)');
  });

  it('can be a part of a decorator of the app', async () => {
    const Costly = (): MethodDecorator => applyDecorators(SetMetadata('cost', 9), OnFlame('work'));
    @Injectable()
    class Composed {
      @Costly()
      async where(): Promise<string> {
        return place();
      }
    }
    const app = await startApp({ imports: [pools], providers: [Composed] });
    expect(await app.get(Composed).where()).toBe('work');
    expect(Reflect.getMetadata('cost', Composed.prototype.where)).toBe(9);
  });

  it('supports methods named by symbols', async () => {
    const app = await startApp({ imports: [pools], providers: [Service] });
    expect(await app.get(Service)[upper]()).toBe('work');
  });

  it('adds nothing to instances, and works with frozen ones', async () => {
    @Injectable()
    class Frozen extends Service {
      constructor() {
        super();
        Object.freeze(this);
      }
    }
    const app = await startApp({ imports: [pools], providers: [Frozen] });
    expect(Reflect.ownKeys(app.get(Frozen))).toEqual(['prefix']);
    expect(await app.get(Frozen).where('it', 'runs')).toBe('it in work');
  });

  it('refuses bad options with Class.method, path and fix', () => {
    const declare =
      (options: object, pool = 'work') =>
      () => {
        class Bad {
          @OnFlame(pool, options)
          async run(): Promise<void> {}
        }
        return Bad;
      };
    const message = (make: () => unknown): string => {
      try {
        make();
      } catch (error) {
        expect(error).toBeInstanceOf(FlameError);
        return `${(error as FlameError).code} ${(error as FlameError).message}`;
      }
      return 'no error';
    };
    expect(message(declare({ handlerTimeout: -1 }))).toMatch(
      /^FLAME_CONFIG @OnFlame on Bad\.run\.handlerTimeout must be a time .* but is -1/,
    );
    // `timeout` is the time of a whole call, which flame.on takes.
    expect(message(declare({ timeout: 1 }))).toMatch(/@OnFlame on Bad\.run\.timeout is not an option\. The options are: .*handlerTimeout/);
    expect(message(declare({ retry: { attempts: 0 } }))).toMatch(/@OnFlame on Bad\.run\.retry\.attempts must be/);
    expect(message(declare({ cast: 'yes' }))).toMatch(/@OnFlame on Bad\.run\.cast must be true or false/);
    expect(message(declare({}, ''))).toMatch(/@OnFlame on Bad\.run\.pool must be a non-empty string/);
  });

  it('refuses static methods', () => {
    expect(() => {
      class Bad {
        @OnFlame('work')
        static async run(): Promise<void> {}
      }
      return Bad;
    }).toThrow(/@OnFlame on Bad\.run needs an instance method/);
  });

  it('type-checks on methods that return promises only', () => {
    class Typed {
      @OnFlame('work')
      async fine(a: number): Promise<number> {
        return a;
      }

      @OnFlame('work', { cast: true })
      async thrown(): Promise<void> {}

      // @ts-expect-error a synchronous result cannot come from elsewhere
      @OnFlame('work')
      sync(): number {
        return 1;
      }

      // @ts-expect-error nobody would get the result of a cast
      @OnFlame('work', { cast: true })
      async lost(): Promise<number> {
        return 1;
      }
    }
    expectTypeOf<Typed['fine']>().toEqualTypeOf<(a: number) => Promise<number>>();
  });

  it('type-checks that no argument is a function, a request, a response or a database manager', () => {
    class Typed {
      @OnFlame('work')
      async values(
        _a: Date,
        _b: unknown,
        _c: ReturnType<typeof JSON.parse>,
        _d: Readable,
        _e: AbortSignal,
        _f?: () => void,
        ..._more: number[]
      ): Promise<void> {}

      @OnFlame('work')
      async generic<T>(value: T): Promise<T> {
        return value;
      }

      // @ts-expect-error a function
      @OnFlame('work')
      async callback(_a: number, _done: (error: Error) => void): Promise<void> {}

      // @ts-expect-error a class
      @OnFlame('work')
      async ofClass(_type: Type): Promise<void> {}

      // @ts-expect-error Node's request, which Express's extends
      @OnFlame('work')
      async request(_request: IncomingMessage): Promise<void> {}

      // @ts-expect-error Node's response
      @OnFlame('work')
      async response(_response: ServerResponse): Promise<void> {}

      // @ts-expect-error Fastify's request
      @OnFlame('work')
      async fastify(_request: FastifyRequest): Promise<void> {}

      // @ts-expect-error Fastify's reply
      @OnFlame('work')
      async reply(_reply: FastifyReply): Promise<void> {}

      // @ts-expect-error the request of fetch
      @OnFlame('work')
      async fetched(_request: Request): Promise<void> {}

      // @ts-expect-error TypeORM's manager
      @OnFlame('work')
      async manager(_manager: EntityManager): Promise<void> {}
    }
    abstract class Generic<T, V extends { id: string }> {
      @OnFlame('work')
      async convert(_value: T, _more?: V[]): Promise<T> {
        return _value;
      }
    }
    class Concrete extends Generic<number, { id: string }> {}
    expectTypeOf<Parameters<Typed['values']>[0]>().toEqualTypeOf<Date>();
    expectTypeOf<Concrete['convert']>().toEqualTypeOf<(value: number, more?: { id: string }[]) => Promise<number>>();
  });
});
