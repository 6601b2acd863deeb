import { Inject, Injectable, ForbiddenException, Scope, SetMetadata, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { APP_GUARD, Reflector, REQUEST } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { startApp } from '../../../../../test/support/nest-app.js';
import { FlameCall } from '../../runner/executor/flame-call.js';
import { FlameContext } from '../flame/flame-context.js';
import { FlameModule } from '../module/flame.module.js';
import { Flame } from '../flame/flame.service.js';
import { OnFlame } from '../decorator/on-flame.decorator.js';

const pools = FlameModule.forRoot([{ name: 'p', max: 1 }]);

/** What the guards of a test have seen. */
let seen: string[] = [];

@Injectable()
class Seeing implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const roles = this.reflector.getAllAndOverride<string>('role', [context.getHandler(), context.getClass()]);
    const { args, call } = FlameContext.create(context);
    seen.push([context.getType(), context.getClass().name, context.getHandler().name, roles, args, call === FlameCall.current()].join(' '));
    return args[0] !== 'no';
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerCall implements CanActivate {
  constructor(@Inject(REQUEST) private readonly call: FlameCall) {}

  canActivate(): boolean {
    seen.push(`per call ${this.call === FlameCall.current()}`);
    return true;
  }
}

@Injectable()
class Above {
  @SetMetadata('role', 'above')
  @UseGuards(Seeing)
  @OnFlame('p', { enhancers: ['guards'] })
  async run(value: string): Promise<string> {
    return value;
  }
}

@Injectable()
class Below {
  @OnFlame('p', { enhancers: ['guards'] })
  @SetMetadata('role', 'below')
  @UseGuards(Seeing)
  async run(value: string): Promise<string> {
    return value;
  }
}

@Injectable()
@SetMetadata('role', 'class')
@UseGuards(Seeing)
class Whole {
  @OnFlame('p', { enhancers: ['guards'] })
  async run(value: string): Promise<string> {
    return value;
  }
}

@Injectable()
class Scoped {
  readonly self = Math.random();

  @UseGuards(PerCall)
  @OnFlame('p', { enhancers: ['guards'] })
  async run(): Promise<number> {
    return this.self;
  }
}

@Injectable()
class Plain {
  @OnFlame('p', { enhancers: ['guards'] })
  async run(value: string): Promise<string> {
    return value;
  }

  @OnFlame('p', { enhancers: ['interceptors'] })
  async unguarded(value: string): Promise<string> {
    return value;
  }
}

describe('@OnFlame with enhancers', () => {
  it.each([Above, Below, Whole])('runs the guards of %o with their metadata', async (Service) => {
    seen = [];
    const app = await startApp({ imports: [pools], providers: [Service] });
    expect(await app.get(Service).run('yes')).toBe('yes');
    expect(seen).toEqual([`flame ${Service.name} run ${Service.name.toLowerCase().replace('whole', 'class')} yes true`]);
    await expect(app.get(Service).run('no')).rejects.toBeInstanceOf(ForbiddenException);
  });

  it('creates request-scoped guards for each call', async () => {
    seen = [];
    const app = await startApp({ imports: [pools], providers: [Scoped] });
    const service = await app.resolve(Scoped);
    const [one, two] = [await service.run(), await service.run()];
    expect(one).not.toBe(two);
    expect(seen).toEqual(['per call true', 'per call true']);
  });

  it('runs global guards only for handlers that ask for guards', async () => {
    seen = [];
    const app = await startApp({ imports: [pools], providers: [Plain, { provide: APP_GUARD, useClass: Seeing }] });
    await expect(app.get(Plain).run('no')).rejects.toBeInstanceOf(ForbiddenException);
    expect(await app.get(Plain).unguarded('no')).toBe('no');
    expect(seen).toHaveLength(1);
  });

  it('runs no enhancers around methods that flame.on calls inside a handler', async () => {
    seen = [];
    @Injectable()
    class Outer {
      constructor(private readonly flame: Flame) {}

      @OnFlame('p')
      async run(): Promise<string> {
        return this.flame.on('p', Below).run('no');
      }
    }
    const app = await startApp({ imports: [pools], providers: [Below, Outer] });
    expect(await app.get(Outer).run()).toBe('no');
    expect(seen).toEqual([]);
  });

  it('runs no enhancers around handlers without the option', async () => {
    @Injectable()
    class Bare {
      @UseGuards(Seeing)
      @OnFlame('p')
      async run(): Promise<string> {
        return new Error().stack!;
      }
    }
    const app = await startApp({ imports: [pools], providers: [Bare] });
    expect(await app.get(Bare).run()).not.toContain('external-context-creator');
  });

  it.each([['guards'], [['pipes']]])('refuses enhancers: %o', (enhancers) => {
    expect(() => {
      class Wrong {
        @OnFlame('p', { enhancers: enhancers as never })
        async run(): Promise<void> {}
      }
      return Wrong;
    }).toThrow(/@OnFlame on Wrong\.run\.enhancers must be a list of 'guards', 'interceptors' and 'filters', but is "(guards|pipes)"/);
  });
});

describe('FlameContext.create', () => {
  it('refuses any context but that of a call on a runner', () => {
    const context = { getType: () => 'http', getArgs: () => [] } as unknown as ExecutionContext;
    expect(() => FlameContext.create(context)).toThrow(/was given a context of type 'http'/);
  });
});
