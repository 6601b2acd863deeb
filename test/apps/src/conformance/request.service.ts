import { Catch, GoneException, Injectable, UseFilters, UseGuards, UseInterceptors } from '@nestjs/common';
import type { CallHandler, ExceptionFilter, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClsService } from 'nestjs-cls';
import { FlameCall, FlameContext, OnFlame } from 'nestjs-flame';
import { Observable, map, of } from 'rxjs';
import { mark } from './work.service.js';
import { TenantGuard } from './tenant.guard.js';

/** Says of everything that passes on which runner it did. */
@Injectable()
export class Signing implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { call } = FlameContext.create(context);
    return next.handle().pipe(map((value: unknown) => (typeof value === 'string' ? `${value} by ${call.runnerId}` : value)));
  }
}

@Catch(RangeError)
class OutOfRange implements ExceptionFilter<RangeError> {
  catch(error: RangeError): never {
    throw new GoneException(error.message);
  }
}

/** Handlers that read the request's context, and handlers that Nest's enhancers run around. */
@Injectable()
export class RequestService {
  constructor(private readonly cls: ClsService) {}

  @OnFlame('p')
  async requestId(): Promise<string | undefined> {
    await sleep(1);
    return this.id;
  }

  @OnFlame('p', { cast: true })
  async noteId(file: string): Promise<void> {
    mark(file, `for ${this.id}`);
  }

  /** The id, before each item. */
  @OnFlame('p')
  async *ids(count: number): AsyncGenerator<string | undefined> {
    for (let i = 0; i < count; i++) {
      await sleep(1);
      yield this.id;
    }
  }

  /** The id at each subscription. */
  @OnFlame('p')
  idTicks(count: number): Observable<string | undefined> {
    return new Observable((subscriber) => {
      for (let i = 0; i < count; i++) subscriber.next(this.id);
      subscriber.complete();
    });
  }

  @UseGuards(TenantGuard)
  @OnFlame('p', { enhancers: ['guards'] })
  async invoices(tenant: string, file: string): Promise<string> {
    mark(file, 'invoices');
    return `the invoices of ${tenant} on ${FlameCall.current()?.runnerId}`;
  }

  @UseGuards(TenantGuard)
  @OnFlame('p')
  async unguarded(_tenant: string): Promise<string> {
    return 'everything';
  }

  @OnFlame('p', { enhancers: ['interceptors'] })
  @UseInterceptors(Signing)
  async signed(text: string): Promise<string> {
    return text;
  }

  @UseInterceptors(Signing)
  @OnFlame('p', { enhancers: ['interceptors'] })
  signedTicks(...texts: string[]): Observable<string> {
    return of(...texts);
  }

  @UseInterceptors(Signing)
  @OnFlame('p', { enhancers: ['interceptors'] })
  async *signedWhole(...texts: string[]): AsyncGenerator<string> {
    yield* texts;
  }

  @UseFilters(OutOfRange)
  @OnFlame('p', { enhancers: ['filters'] })
  async filtered(message: string): Promise<void> {
    throw new RangeError(message);
  }

  @UseFilters(OutOfRange)
  @OnFlame('p', { enhancers: ['guards'] })
  async unfiltered(message: string): Promise<void> {
    throw new RangeError(message);
  }

  /** Calls a guarded method from inside a handler, where it simply runs. */
  @OnFlame('p')
  async nested(file: string): Promise<string> {
    return this.invoices('nobody', file);
  }

  private get id(): string | undefined {
    return this.cls.isActive() ? this.cls.getId() : undefined;
  }
}
