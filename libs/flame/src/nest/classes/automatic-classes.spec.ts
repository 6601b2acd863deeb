import { Catch, Controller, Get, Injectable, Module, UseFilters } from '@nestjs/common';
import type { ExceptionFilter, INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Field, InputType, InterfaceType, ObjectType } from '@nestjs/graphql';
import { RpcException } from '@nestjs/microservices';
import { WsException } from '@nestjs/websockets';
import { Exclude, Expose, instanceToPlain, Transform, Type } from 'class-transformer';
import { IsString } from 'class-validator';
import { FlameModule, OnFlame } from 'nestjs-flame';
import type { FlameModuleOptions } from 'nestjs-flame';
import { Column, Entity, EntityNotFoundError, PrimaryColumn, QueryFailedError, TypeORMError } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { createCodec } from '../../core/codec/create-codec.js';
import { automaticClasses } from './automatic-classes.js';

@Entity()
class User {
  @PrimaryColumn()
  id!: number;
  @Column()
  @Exclude()
  password!: string;

  get label(): string {
    return `user ${this.id}`;
  }
}
class Photo {
  @Transform(({ value }) => `/${String(value)}`)
  url = 'a.png';
}
class Album {
  @Type(() => Photo)
  photos = [new Photo()];
  @Expose()
  get count(): number {
    return this.photos.length;
  }
}
class BelowUser extends Photo {
  extra = 1;
}
class Credentials {
  @IsString()
  name = 'a';
  upper(): string {
    return this.name.toUpperCase();
  }
}
@InterfaceType()
abstract class Named {
  @Field()
  name = 'n';
}
@ObjectType({ implements: () => [Named] })
class Cat extends Named {
  @Field()
  get sound(): string {
    return 'meow';
  }
}
@InputType()
class CatInput {
  @Field()
  name = 'x';
  trimmed(): string {
    return this.name.trim();
  }
}
class Command {
  constructor(readonly amount: number) {
    if (amount === undefined) throw new Error('amount is required');
  }
  double(): number {
    return this.amount * 2;
  }
}
class Receipt {
  total = 0;
  print(): string {
    return `${this.total}`;
  }
}
class Unknown {
  id = 1;
  run(): void {}
}
class DomainError extends Error {
  override readonly name = 'DomainError';
}
class BelowDomainError extends DomainError {}
class OtherError extends Error {}

@Catch(DomainError)
class DomainFilter implements ExceptionFilter {
  catch(): void {}
}

@Injectable()
class WorkService {
  @OnFlame('p')
  async pass(value: unknown): Promise<unknown> {
    return value;
  }

  @OnFlame('p')
  async take(command: Command, receipt: Receipt): Promise<number> {
    receipt.total = command.double();
    return Number(receipt.print());
  }

  @OnFlame('p')
  async fail(kind: string): Promise<void> {
    if (kind === 'rpc') throw new RpcException({ code: 7, message: 'rpc failed' });
    if (kind === 'ws') throw new WsException('ws failed');
    if (kind === 'query') throw new QueryFailedError('select 1', ['a'], Object.assign(new Error('no such table'), { code: '42P01' }));
    if (kind === 'entity') throw new EntityNotFoundError(User, { id: 1 });
    throw kind === 'domain' ? new BelowDomainError('no') : new OtherError('other');
  }
}

@Controller()
@UseFilters(new DomainFilter())
class WorkController {
  @Get()
  get(): void {}
}

const apps: INestApplicationContext[] = [];

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

async function start(options: FlameModuleOptions = {}): Promise<{ work: WorkService; lines: string[] }> {
  @Module({ imports: [FlameModule.forRoot([{ name: 'p', max: 1 }], options)], providers: [WorkService], controllers: [WorkController] })
  class AppModule {}
  const lines: string[] = [];
  const say = (text: unknown): void => void lines.push(String(text));
  const logger = { log: () => {}, warn: say, error: say };
  const app = await NestFactory.createApplicationContext(AppModule, { logger });
  apps.push(app);
  return { work: app.get(WorkService), lines };
}

describe('classes that register themselves', () => {
  it('are those with metadata of class-transformer, class-validator, TypeORM and GraphQL', async () => {
    const { work } = await start();
    const user = Object.assign(new User(), { id: 5, password: 'hash' });
    for (const value of [user, new Album(), new Credentials(), new Cat(), new CatInput()]) {
      const back = (await work.pass([{ value }])) as [{ value: object }];
      expect(back[0].value).toStrictEqual(value);
      expect(back[0].value).toBeInstanceOf(value.constructor);
    }
    const back = (await work.pass({ user, album: new Album() })) as { user: User; album: Album };
    expect(instanceToPlain(back)).toEqual({ user: { id: 5 }, album: { photos: [{ url: '/a.png' }], count: 1 } });
    expect(back.user.label).toBe('user 5');
  });

  it("are those in handlers' signatures; their constructors are not called", async () => {
    const { work } = await start();
    expect(await work.take(new Command(4), new Receipt())).toBe(8);
    const error = await failure(work.pass(new Unknown()));
    expect(error).toMatchObject({ code: 'FLAME_ENCODING', ran: 'no' });
    expect(error.message).toMatch(
      /args\[0\]: an Unknown cannot cross.*the method run\(\).*register the class Unknown in the module's `classes`/,
    );
  });

  it('exclude undecorated subclasses of class-transformer classes, which are refused', async () => {
    const { work } = await start();
    expect((await failure(work.pass(new BelowUser()))).message).toMatch(/a BelowUser cannot cross.*the class-transformer metadata/);
    const nameless = (() => class { password = 'hash'; })(); // prettier-ignore
    Exclude()(nameless.prototype, 'password');
    expect((await failure(work.pass(new nameless()))).message).toMatch(/cannot cross.*the class-transformer metadata/);
  });

  it('are overridden by those in the option', async () => {
    const classes = [
      {
        type: Credentials,
        encode: ({ name }: Credentials) => name,
        decode: (name: string) => Object.assign(new Credentials(), { name: `${name}!` }),
      },
    ];
    const { work } = await start({ classes });
    expect(await work.pass(new Credentials())).toMatchObject({ name: 'a!!' });
  });

  it('may share a name, and are distinguished in any order of loading', () => {
    const make = (member: string): new () => object => {
      class Same {}
      IsString()(Same.prototype, member);
      Object.defineProperty(Same.prototype, member, { value: () => 1 });
      return Same;
    };
    const [a, b] = [make('a'), make('b')];
    const found = (...types: (new () => object)[]) =>
      createCodec({ find: () => [...automaticClasses()()].filter(({ type }) => types.includes(type as never)) });
    const sender = found(a, b);
    for (const receiver of [found(b, a), found(a, b)]) {
      expect(receiver.decode(sender.encode(new a()))).toBeInstanceOf(a);
      expect(receiver.decode(sender.encode(new b()))).toBeInstanceOf(b);
    }
    expect(found(a).decode(sender.encode(new a()))).toBeInstanceOf(a);
    expect(() => found(b).decode(sender.encode(new a()))).toThrow(/the class Same .* is not registered here/);
    expect(() => sender.decode(found(a).encode(new a()))).toThrow(/several classes are named Same .*each with a `name`/);
  });

  it('with one name and the same members are refused only when one of them is sent', () => {
    const make = (): new () => object => {
      class Twin {
        id = 1;
        run(): void {}
      }
      IsString()(Twin.prototype, 'id');
      return Twin;
    };
    const [a, b] = [make(), make()];
    const codec = createCodec({ find: automaticClasses() });
    expect(codec.decode(codec.encode({ a: 1 }))).toEqual({ a: 1 });
    for (const type of [a, b])
      expect(() => codec.encode([new type()])).toThrow(/^\[0\]: an instance of Twin .* several classes have this name/);
    const named = createCodec({ find: automaticClasses(), classes: [{ type: a, name: 'A' }, { type: b, name: 'B' }] }); // prettier-ignore
    expect(named.decode(named.encode(new b()))).toBeInstanceOf(b);
  });
});

describe('errors of handlers', () => {
  it('arrive as RpcException and WsException if these packages are installed', async () => {
    const { work, lines } = await start();
    const rpc: unknown = await work.fail('rpc').catch((error: unknown) => error);
    expect(rpc).toBeInstanceOf(RpcException);
    expect((rpc as RpcException).getError()).toEqual({ code: 7, message: 'rpc failed' });
    const ws: unknown = await work.fail('ws').catch((error: unknown) => error);
    expect(ws).toBeInstanceOf(WsException);
    expect((ws as WsException).message).toBe('ws failed');
    expect(lines).toEqual([]);
  });

  it("arrive as TypeORM's errors if it is installed", async () => {
    const { work, lines } = await start();
    const query: unknown = await work.fail('query').catch((error: unknown) => error);
    expect(query).toBeInstanceOf(QueryFailedError);
    expect(query).toMatchObject({
      name: 'QueryFailedError',
      message: 'no such table',
      query: 'select 1',
      parameters: ['a'],
      code: '42P01',
    });
    const entity: unknown = await work.fail('entity').catch((error: unknown) => error);
    expect(entity).toBeInstanceOf(EntityNotFoundError);
    expect(entity).toBeInstanceOf(TypeORMError);
    expect(entity).toMatchObject({ name: 'EntityNotFoundError', criteria: { id: 1 } });
    expect(lines).toEqual([]);
  });

  it('are logged once if a filter catches their class and the class is not registered', async () => {
    const { work, lines } = await start();
    for (let i = 0; i < 2; i++) {
      await expect(work.fail('domain')).rejects.toMatchObject({ name: 'DomainError', message: 'no' });
      await expect(work.fail('other')).rejects.toMatchObject({ name: 'OtherError', message: 'other' });
    }
    expect(lines).toEqual([
      expect.stringMatching(/a DomainError .* arrived as Error.*DomainFilter \(@Catch\(DomainError\)\).*classes: \[DomainError\]/),
    ]);
  });

  it('keep their class if it is registered, without a log line', async () => {
    const { work, lines } = await start({ classes: [DomainError] });
    await expect(work.fail('domain')).rejects.toBeInstanceOf(DomainError);
    expect(lines).toEqual([]);
  });
});
