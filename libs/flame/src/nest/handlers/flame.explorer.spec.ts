import { Controller, Inject, Injectable, Module, Scope } from '@nestjs/common';
import { ContextIdFactory, ExternalContextCreator, LazyModuleLoader, ModulesContainer, REQUEST } from '@nestjs/core';
import type { TestingModule } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { startApp } from '../../../../../test/support/nest-app.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameApp } from '../module/flame-app.js';
import { enhanceWith } from './enhancers.js';
import { exploreHandlers } from './flame.explorer.js';
import { FlameModule } from '../module/flame.module.js';
import { Flame } from '../flame/flame.service.js';
import type { HandlerIndex } from './handler-index.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';

const pools = FlameModule.forRoot([{ name: 'work', max: 1 }]);

/** Numbers its instances, so that a test sees on which of them a handler ran. */
let made = 0;

class Numbered {
  readonly number = ++made;

  @OnFlame('work')
  async ran(): Promise<{ on: number; inside: boolean }> {
    return { on: this.number, inside: FlameCall.current() !== undefined };
  }
}

@Injectable()
class Single extends Numbered {}

@Injectable({ scope: Scope.REQUEST })
class PerRequest extends Numbered {
  constructor(@Inject(REQUEST) readonly request: unknown) {
    super();
  }

  @OnFlame('work')
  async asked(): Promise<unknown> {
    return this.request instanceof FlameCall && this.request === FlameCall.current();
  }
}

@Injectable({ scope: Scope.TRANSIENT })
class Transient extends Numbered {}

@Controller()
class Entry extends Numbered {}

/** The handlers of an app, and the classes that children can be made of. */
function indexOf(app: TestingModule): HandlerIndex {
  const enhance = enhanceWith(app.get(ExternalContextCreator, { strict: false }));
  return exploreHandlers(app.get(ModulesContainer), new FlameApp(), { pools: ['work'], classes: [] }, enhance);
}

/** The names of an app's handlers. */
function namesOf(app: TestingModule): readonly string[] {
  return indexOf(app).names;
}

describe('exploreHandlers', () => {
  it('runs a handler on the one instance of a provider or controller', async () => {
    const app = await startApp({ imports: [pools], providers: [Single], controllers: [Entry] });
    for (const type of [Single, Entry]) {
      const instance = app.get(type);
      expect(await instance.ran()).toEqual({ on: instance.number, inside: true });
    }
  });

  it('creates a request-scoped provider for each call, with the call as its request', async () => {
    const app = await startApp({ imports: [pools], providers: [PerRequest] });
    const instance = await app.resolve(PerRequest, ContextIdFactory.create());
    const first = await instance.ran();
    const second = await instance.ran();
    expect(first.inside && second.inside).toBe(true);
    expect(new Set([instance.number, first.on, second.on]).size).toBe(3);
    expect(await instance.asked()).toBe(true);
  });

  it('creates a provider that depends on a request for each call', async () => {
    @Injectable()
    class Above extends Numbered {
      constructor(readonly inner: PerRequest) {
        super();
      }
    }
    const app = await startApp({ imports: [pools], providers: [PerRequest, Above] });
    const instance = await app.resolve(Above);
    expect((await instance.ran()).on).not.toBe(instance.number);
  });

  it('creates a transient provider for each call', async () => {
    @Injectable()
    class Holder {
      constructor(readonly inner: Transient) {}
    }
    const app = await startApp({ imports: [pools], providers: [Transient, Holder] });
    const { inner } = app.get(Holder);
    const { on, inside } = await inner.ran();
    expect(inside).toBe(true);
    expect(on).toBeGreaterThan(inner.number);
  });

  it('finds providers under symbols and strings', async () => {
    const token = Symbol('single');
    const app = await startApp({ imports: [pools], providers: [{ provide: token, useClass: Single }] });
    const instance = app.get<Single>(token);
    expect(await instance.ran()).toEqual({ on: instance.number, inside: true });
  });

  it('finds the products of factories, also asynchronous ones, and of useValue', async () => {
    class FromFactory extends Numbered {}
    class FromAsync extends Numbered {}
    class FromValue extends Numbered {}
    const value = new FromValue();
    const app = await startApp({
      imports: [pools],
      providers: [
        { provide: 'factory', useFactory: () => new FromFactory() },
        { provide: 'async', useFactory: async () => new FromAsync() },
        { provide: 'value', useValue: value },
      ],
    });
    for (const token of ['factory', 'async', 'value']) {
      const instance = app.get<Numbered>(token);
      expect(await instance.ran()).toEqual({ on: instance.number, inside: true });
    }
  });

  it('finds the products of request-scoped factories, under the class that they are provided for', async () => {
    class Made extends Numbered {}
    const app = await startApp({ imports: [pools], providers: [{ provide: Made, scope: Scope.REQUEST, useFactory: () => new Made() }] });
    const instance = await app.resolve(Made);
    const { on, inside } = await instance.ran();
    expect(inside).toBe(true);
    expect(on).not.toBe(instance.number);
  });

  it('names the fix for a request-scoped factory whose class is unknown', async () => {
    class Made extends Numbered {}
    const app = await startApp({ imports: [pools], providers: [{ provide: 'made', scope: Scope.REQUEST, useFactory: () => new Made() }] });
    const instance = await app.resolve<Made>('made');
    await expect(instance.ran()).rejects.toThrow(/Made\.ran is not known to runners.*provide it under the class itself/);
  });

  it('treats an alias, and a factory that returns an existing instance, as the original provider', async () => {
    const app = await startApp({
      imports: [pools],
      providers: [
        Single,
        { provide: 'alias', useExisting: Single },
        { provide: 'same', inject: [Single], useFactory: (single: Single) => single },
      ],
    });
    const instance = app.get<Single>('alias');
    expect(instance).toBe(app.get(Single));
    expect(await instance.ran()).toEqual({ on: instance.number, inside: true });
    expect(namesOf(app)).toEqual(['Single.ran']);
  });

  it('treats an alias of a request-scoped provider as that provider', async () => {
    const app = await startApp({ imports: [pools], providers: [PerRequest, { provide: Numbered, useExisting: PerRequest }] });
    const instance = await app.resolve(Numbered);
    expect((await instance.ran()).inside).toBe(true);
    expect(namesOf(app)).toEqual(['PerRequest.asked', 'PerRequest.ran']);
  });

  it('distinguishes the instances of one class in several modules and under several tokens', async () => {
    @Module({ providers: [Single], exports: [Single] })
    class First {}
    @Module({ providers: [Single, { provide: 'other', useFactory: () => new Single() }] })
    class Second {}
    const app = await startApp({ imports: [pools, First, Second] });
    const instances = [
      app.select(First).get(Single, { strict: true }),
      app.select(Second).get(Single, { strict: true }),
      app.get<Single>('other'),
    ];
    expect(new Set(instances).size).toBe(3);
    for (const instance of instances) expect(await instance.ran()).toEqual({ on: instance.number, inside: true });
    expect(namesOf(app)).toEqual(['Single.ran@First', 'Single.ran@Second', 'Single.ran@Second:other']);
  });

  it('distinguishes dynamic modules of one class', async () => {
    @Module({})
    class Bucket {
      static of(name: string): object {
        return { module: Bucket, providers: [Single, { provide: name, useExisting: Single }], exports: [name] };
      }
    }
    const app = await startApp({ imports: [pools, Bucket.of('a') as never, Bucket.of('b') as never] });
    const [a, b] = [app.get<Single>('a'), app.get<Single>('b')];
    expect(a).not.toBe(b);
    expect([(await a.ran()).on, (await b.ran()).on]).toEqual([a.number, b.number]);
    expect(namesOf(app)).toEqual(['Single.ran@Bucket', 'Single.ran@Bucket#2']);
  });

  it('sends inherited, overridden and super methods to the instance of the derived class', async () => {
    class Base {
      @OnFlame('work')
      async one(): Promise<string> {
        return `base one of ${this.constructor.name} ${FlameCall.current() ? 'inside' : 'outside'}`;
      }

      @OnFlame('work')
      async two(): Promise<string> {
        return `base two of ${this.constructor.name} ${FlameCall.current() ? 'inside' : 'outside'}`;
      }
    }
    @Injectable()
    class Derived extends Base {
      override async one(): Promise<string> {
        return `derived ${FlameCall.current() ? 'inside' : 'outside'}, ${await super.one()}`;
      }

      @OnFlame('work', { name: 'named' })
      override async two(): Promise<string> {
        return `derived ${FlameCall.current() ? 'inside' : 'outside'}, ${await super.two()}`;
      }
    }
    const app = await startApp({ imports: [pools], providers: [Derived, Base] });
    expect(await app.get(Derived).one()).toBe('derived outside, base one of Derived inside');
    expect(await app.get(Derived).two()).toBe('derived inside, base two of Derived inside');
    expect(await app.get(Base).two()).toBe('base two of Base inside');
    expect(await app.get(Flame).on('work', Derived).two()).toBe('derived inside, base two of Derived inside');
    expect(namesOf(app)).toEqual(['Base.one', 'Base.two', 'Derived.one', 'Derived.one@Base', 'Derived.two@Base', 'named']);
  });

  it("runs a test's override of a provider", async () => {
    class Fake extends Single {
      override readonly number = -1;
    }
    const value = await startApp({ imports: [pools], providers: [Single] }, (builder) =>
      builder.overrideProvider(Single).useValue({ ran: () => 'fake' }),
    );
    expect(value.get(Single).ran()).toBe('fake');
    const type = await startApp({ imports: [pools], providers: [Single] }, (builder) => builder.overrideProvider(Single).useClass(Fake));
    expect(await type.get(Single).ran()).toEqual({ on: -1, inside: true });
    const instance = new Fake();
    const given = await startApp({ imports: [pools], providers: [Single] }, (builder) =>
      builder.overrideProvider(Single).useValue(instance),
    );
    expect(await given.get(Single).ran()).toEqual({ on: -1, inside: true });
  });

  it('refuses a decorator that names an unknown pool, with Class.method and the known pools', async () => {
    @Injectable()
    class Lost {
      @OnFlame('wrok')
      async run(): Promise<void> {}
    }
    const start = startApp({
      imports: [
        FlameModule.forRoot([
          { name: 'work', max: 1 },
          { name: 'more', max: 1 },
        ]),
      ],
      providers: [Lost],
    });
    await expect(start).rejects.toThrow(
      '@OnFlame on Lost.run names the pool "wrok", which does not exist. Did you mean "work"? The pools of this app are "work", "more".',
    );
  });

  it('refuses calls of a module that is loaded later, and says so', async () => {
    @Injectable()
    class Late {
      @OnFlame('work')
      async run(): Promise<void> {}
    }
    @Module({ providers: [Late] })
    class LateModule {}
    const app = await startApp({ imports: [pools] });
    const late = await app.get(LazyModuleLoader).load(() => LateModule);
    await expect(late.get(Late).run()).rejects.toThrow(/^Late\.run is not known to runners: .* LazyModuleLoader comes too late/);
  });

  it('refuses two handlers with one name, and names both and the fix', async () => {
    @Injectable()
    class One {
      @OnFlame('work', { name: 'same' })
      async run(): Promise<void> {}
    }
    @Injectable()
    class Two {
      @OnFlame('work', { name: 'same' })
      async go(): Promise<void> {}
    }
    const start = startApp({ imports: [pools], providers: [One, Two] });
    await expect(start).rejects.toThrow(/two handlers have the name "same": One\.run \(of RootTestModule\) and Two\.go .* { name: '…' }/);
  });

  describe('with two classes of one name', () => {
    function reports(
      module: string,
      answer: string,
    ): { type: new () => { render(): Promise<string>; other(): Promise<string> }; module: never } {
      @Injectable()
      class ReportsService {
        @OnFlame('work')
        async render(): Promise<string> {
          return `${answer} ${FlameCall.current() ? 'inside' : 'outside'}`;
        }

        async other(): Promise<string> {
          return answer;
        }
      }
      const type = { [module]: class {} }[module]!;
      Module({ providers: [ReportsService] })(type);
      return { type: ReportsService, module: type as never };
    }

    it.each([
      ['qualifies their handlers by their modules', 'AdminModule', '@AdminModule', '@BillingModule'],
      ['counts those whose modules have one name, too', 'BillingModule', '@BillingModule', '@BillingModule#2'],
    ])('%s', async (_, module, first, second) => {
      const [one, two] = [reports(module, 'one'), reports('BillingModule', 'two')];
      const app = await startApp({ imports: [pools, one.module, two.module] });
      expect(await app.get(one.type).render()).toBe('one inside');
      expect(await app.get(two.type).render()).toBe('two inside');
      expect(await app.get(Flame).on('work', two.type).other()).toBe('two');
      expect(namesOf(app)).toEqual([first, second].flatMap((at) => [`ReportsService.other${at}`, `ReportsService.render${at}`]).toSorted());
    });

    it('names them the same in any order of the modules', async () => {
      const [one, two] = [reports('AdminModule', 'one'), reports('BillingModule', 'two')];
      const names = namesOf(await startApp({ imports: [pools, one.module, two.module] }));
      expect(namesOf(await startApp({ imports: [pools, two.module, one.module] }))).toEqual(names);
    });

    it('creates children of both', async () => {
      const [one, two] = [reports('AdminModule', 'one'), reports('BillingModule', 'two')];
      const modules = [one.module, two.module];
      for (const order of [modules, modules.toReversed()]) {
        const { names, entries } = indexOf(await startApp({ imports: [pools, ...order] }));
        expect(entries.slice(names.length)).toEqual(['new ReportsService@AdminModule', 'new ReportsService@BillingModule']);
      }
      const app = await startApp({ imports: [pools, ...modules] });
      for (const [type, answer] of [[one.type, 'one'] as const, [two.type, 'two'] as const]) {
        const child = await app.get(Flame).placeChild('work', type, undefined);
        expect(await child.api.other()).toBe(answer);
        await child.stop();
      }
    });

    it('does not change a name that a decorator sets', async () => {
      @Injectable()
      class ReportsService {
        @OnFlame('work', { name: 'reports.render' })
        async render(): Promise<void> {}
      }
      const other = reports('AdminModule', 'one');
      const app = await startApp({ imports: [pools, other.module], providers: [ReportsService] });
      expect(namesOf(app)).toEqual(['ReportsService.other@AdminModule', 'ReportsService.render@AdminModule', 'reports.render']);
    });

    it('distinguishes a class from its superclass with the same name', async () => {
      const base = reports('BaseModule', 'base');
      @Injectable()
      class ReportsService extends base.type {
        override async render(): Promise<string> {
          return `derived, ${await super.render()}`;
        }
      }
      const app = await startApp({ imports: [pools, base.module], providers: [ReportsService] });
      expect(await app.get(ReportsService).render()).toBe('derived, base inside');
      expect(await app.get(base.type).render()).toBe('base inside');
      expect(namesOf(app)).toContain('ReportsService.render@ReportsService@RootTestModule');
    });
  });

  it('adds its class to the name of a method that several classes inherit', async () => {
    class Base {
      @OnFlame('work', { name: 'who' })
      async who(): Promise<string> {
        return this.constructor.name;
      }
    }
    @Injectable()
    class One extends Base {}
    @Injectable()
    class Two extends Base {}
    const app = await startApp({ imports: [pools], providers: [Base, One, Two] });
    for (const type of [Base, One, Two]) expect(await app.get(type).who()).toBe(type.name);
    expect(namesOf(app)).toEqual(['who', 'who@One', 'who@Two']);
    expect(namesOf(await startApp({ imports: [pools], providers: [One] }))).toEqual(['who']);
  });

  it('makes only the methods of classes in `handlers` reachable', async () => {
    @Injectable()
    class Named {
      async run(): Promise<boolean> {
        return FlameCall.current() !== undefined;
      }
      async onModuleInit(): Promise<void> {}
    }
    @Injectable()
    class Other extends Named {}
    const app = await startApp({
      imports: [FlameModule.forRoot([{ name: 'work', max: 1 }], { handlers: [Named] })],
      providers: [Named, Other],
    });
    const flame = app.get(Flame);
    expect(await flame.on('work', Named).run()).toBe(true);
    expect(() => flame.on('work', Named).onModuleInit()).toThrow(/onModuleInit cannot be reached/);
    expect(() => flame.on('work', Other)).toThrow(/Other cannot be reached on runners. Put @OnFlame on one of its methods or name it/);
  });

  it('finds no methods of a class in `handlers` that no module provides', async () => {
    const app = await startApp({ imports: [FlameModule.forRoot([{ name: 'work', max: 1 }], { handlers: [Single] })] });
    expect(() => app.get(Flame).on('work', Single)).toThrow(/Single cannot be reached on runners.*provide it in a module/);
  });
});
