import { get } from 'node:http';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import type { INestApplicationContext, OnModuleDestroy } from '@nestjs/common';
import { NestApplicationContext, NestFactory } from '@nestjs/core';
import { Server } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { failure } from '../../../../../test/support/failure.js';
import { until } from '../../../../../test/support/process-table.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameModule } from './flame.module.js';
import { Flame } from '../flame/flame.service.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';

let told: string[] = [];
let release: () => void = () => {};

/** What handlers need, and Nest closes in onModuleDestroy. */
@Injectable()
class Database implements OnModuleDestroy {
  open = true;

  use(who: string): void {
    told.push(`${who} ${this.open ? 'has its database' : 'LOST its database'}`);
  }

  onModuleDestroy(): void {
    this.open = false;
    told.push('the database closes');
  }
}

@Module({ providers: [Database], exports: [Database] })
class DatabaseModule {}

@Injectable()
class Work implements OnModuleDestroy {
  constructor(private readonly database: Database) {}

  @OnFlame('local')
  async wait(): Promise<string> {
    told.push('runs');
    await new Promise<void>((resolve) => (release = resolve));
    this.database.use('the handler');
    return 'done';
  }

  @OnFlame('local')
  async quick(): Promise<void> {}

  @OnFlame('local')
  async deaf(): Promise<void> {
    told.push('runs');
    const { signal } = FlameCall.current()!;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    this.database.use('the aborted handler');
  }

  @OnFlame('local')
  async *count(): AsyncGenerator<number> {
    yield 1;
    await new Promise<void>((resolve) => (release = resolve));
    this.database.use('the stream');
    yield 2;
  }

  async onModuleDestroy(): Promise<void> {
    const { code, ran, message } = await failure(this.quick());
    told.push(`a call is ${code}, ${ran}: ${message}`);
  }
}

/** A child that writes down what it has when it ends. */
@Injectable()
class Room {
  constructor(private readonly database: Database) {}

  async say(): Promise<string> {
    return 'here';
  }

  onFlameStop(): void {
    this.database.use('the child');
  }
}

@Controller()
class WorkController {
  constructor(private readonly work: Work) {}

  @Get()
  wait(): Promise<string> {
    return this.work.wait();
  }
}

@Module({
  imports: [FlameModule.forRoot([{ name: 'local', max: 1, shutdownTimeout: 5_000 }], { handlers: [Room] }), DatabaseModule],
  controllers: [WorkController],
  providers: [Work],
})
class AppModule {}

class NoTransport extends Server {
  listen(callback: () => void): void {
    callback();
  }
  close(): void {}
  on(): void {}
  unwrap<T>(): T {
    return undefined as T;
  }
}

const quiet = { logger: false } as const;

const kinds: Record<string, () => Promise<INestApplicationContext>> = {
  'an application context': () => NestFactory.createApplicationContext(AppModule, quiet),
  'an application': async () => (await NestFactory.create(AppModule, quiet)).init(),
  'a microservice': async () => {
    const app = await NestFactory.createMicroservice(AppModule, { ...quiet, strategy: new NoTransport() });
    await app.listen();
    return app;
  },
  'a testing module': async () => (await Test.createTestingModule({ imports: [AppModule] }).compile()).init(),
};

const refused = 'a call is FLAME_REFUSED, no: Work.quick was refused: pool "local" no longer accepts calls (the app is closing).';

describe('The end of an app with local runners', () => {
  beforeEach(() => {
    told = [];
  });

  it.each(Object.keys(kinds))('comes after its running calls: %s', async (kind) => {
    const app = await kinds[kind]!();
    const call = app.get(Work).wait();
    await until(() => told.includes('runs'));
    const closed = app.close();
    // Nothing but the handler is waited for.
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual(['runs']);
    release();
    await closed;
    expect(await call).toBe('done');
    expect(told.slice(0, 2)).toEqual(['runs', 'the handler has its database']);
    expect(told.slice(2).toSorted()).toEqual([refused, 'the database closes'].toSorted());
  });

  it('waits for the answer of a request that is in flight', async () => {
    const app = await NestFactory.create(AppModule, quiet);
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const answer = new Promise<string>((resolve, reject) => {
      get(url, (response) => response.on('data', (text: Buffer) => resolve(`${response.statusCode} ${text.toString()}`))).on(
        'error',
        reject,
      );
    });
    await until(() => told.includes('runs'));
    const closed = app.close();
    release();
    expect(await answer).toBe('200 done');
    await closed;
    expect(told.slice(0, 2)).toEqual(['runs', 'the handler has its database']);
  });

  it('aborts work that exceeds shutdownTimeout, and closes the database after that', async () => {
    @Module({ imports: [FlameModule.forRoot([{ name: 'local', max: 1, shutdownTimeout: 50 }]), DatabaseModule], providers: [Work] })
    class Impatient {}
    const app = await NestFactory.createApplicationContext(Impatient, quiet);
    const call = failure(app.get(Work).deaf());
    await until(() => told.includes('runs'));
    await app.close();
    expect(await call).toMatchObject({ code: 'FLAME_CANCELLED', ran: 'maybe' });
    expect(told.slice(0, 2)).toEqual(['runs', 'the aborted handler has its database']);
  });

  it('comes after streams and children, too', async () => {
    const app = await NestFactory.createApplicationContext(AppModule, quiet);
    const child = await app.get(Flame).placeChild('local', Room, undefined);
    const items: number[] = [];
    const read = (async () => {
      for await (const n of app.get(Work).count()) items.push(n);
    })();
    await until(() => items.length === 1);
    const closed = app.close();
    expect(await child.exited).toMatchObject({ how: 'leaving' });
    release();
    await read;
    await closed;
    expect(items).toEqual([1, 2]);
    expect(told.slice(0, 2)).toEqual(['the child has its database', 'the stream has its database']);
  });

  it('is unchanged for an app without a FlameModule', async () => {
    const app = await NestFactory.createApplicationContext(DatabaseModule, quiet);
    await app.close();
    expect(told).toEqual(['the database closes']);
  });

  it('relies on a method that Nest has', () => {
    expect(NestApplicationContext.prototype).toHaveProperty('callDestroyHook');
  });
});
