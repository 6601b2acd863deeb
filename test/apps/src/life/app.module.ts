import { createServer } from 'node:http';
import { execFileSync } from 'node:child_process';
import { Controller, Get, Injectable, Module, NotFoundException, Param } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { Flame, FlameCall, FlameModule, FlameParent, LocalBackend, OnFlame, ProcessBackend } from 'nestjs-flame';

/** A line that the test reads: what happened, and where. */
export function tell(what: string): void {
  console.log(`[${FlameParent.choose({ parent: 'parent', runner: 'runner' })}] ${what}`);
}

@Injectable()
export class Life implements OnModuleDestroy, OnApplicationShutdown {
  constructor(private readonly flame: Flame) {}

  @OnFlame('life')
  async where(): Promise<object> {
    const resources = process.getActiveResourcesInfo();
    return {
      pid: process.pid,
      call: FlameCall.current()?.pool,
      pool: FlameParent.get()?.pool,
      token: process.env['FLAME_PARENT'] ?? null,
      inherited: execFileSync(process.execPath, ['-p', 'process.env.FLAME_PARENT ?? null'], { encoding: 'utf8' }).trim(),
      servers: resources.filter((name) => /TCPServer/i.test(name)).length,
      nested: await this.pid(),
      stats: this.flame.pool('life').stats(),
    };
  }

  @OnFlame('life')
  async pid(): Promise<number> {
    return process.pid;
  }

  @OnFlame('life')
  async slow(time: number): Promise<string> {
    tell('slow starts');
    await new Promise((resolve) => setTimeout(resolve, time));
    tell('slow ends');
    return `slept on ${process.pid}`;
  }

  @OnFlame('life')
  async missing(): Promise<void> {
    throw new NotFoundException('not on this runner');
  }

  onModuleDestroy(): void {
    tell('onModuleDestroy');
  }

  onApplicationShutdown(): void {
    tell('onApplicationShutdown');
  }
}

@Controller()
class LifeController {
  constructor(private readonly life: Life) {}

  @Get('where')
  where(): Promise<object> {
    return this.life.where();
  }

  @Get('slow/:time')
  slow(@Param('time') time: string): Promise<string> {
    return this.life.slow(Number(time));
  }

  @Get('missing')
  missing(): Promise<void> {
    return this.life.missing();
  }
}

/** Shaped like the one of `@nestjs/schedule`. */
class SchedulerRegistry {
  getCronJobs(): Map<string, { isActive: boolean }> {
    return new Map([
      ['nightly', { isActive: true }],
      ['stopped', { isActive: false }],
    ]);
  }
  getIntervals(): string[] {
    return ['beat'];
  }
  getTimeouts(): string[] {
    return [];
  }
}

/** Does what a runner should not. */
@Injectable()
class Careless implements OnModuleInit {
  onModuleInit(): void {
    const port = process.env['LIFE_OWN_PORT'];
    if (port !== undefined) createServer().listen(Number(port), '127.0.0.1');
    process.on('SIGTERM', () => tell('own SIGTERM listener'));
  }
}

@Module({
  imports: [
    FlameModule.forRoot(
      [
        {
          name: 'life',
          max: 1,
          min: Number(process.env['LIFE_MIN'] ?? 0),
          maxConcurrency: Number(process.env['LIFE_SLOTS'] ?? 100),
          shutdownTimeout: Number(process.env['LIFE_SHUTDOWN'] ?? 10_000),
        },
      ],
      { backend: process.env['LIFE_LOCAL'] === undefined ? new ProcessBackend() : new LocalBackend() },
    ),
  ],
  controllers: FlameParent.unlessRunner([LifeController]),
  providers: [Life, ...(process.env['LIFE_CARELESS'] === undefined ? [] : [Careless, SchedulerRegistry])],
})
export class AppModule {}
