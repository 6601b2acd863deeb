import 'reflect-metadata';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Controller, Get, Injectable, Module, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, FlameParent, OnFlame } from 'nestjs-flame';
import { KubernetesBackend } from 'nestjs-flame/kubernetes';

@Injectable()
class WorkService {
  @OnFlame('work')
  async where(duration: number): Promise<string> {
    await pause(duration);
    return hostname();
  }
}

@Controller()
class WorkController {
  constructor(private readonly work: WorkService) {}

  @Get()
  async where(@Query('for') duration = '0'): Promise<{ parent: string; runner: string }> {
    return { parent: hostname(), runner: await this.work.where(Number(duration)) };
  }
}

@Module({
  imports: [
    FlameModule.forRoot([{ name: 'work', max: 4, bootTimeout: 120_000 }], {
      backend: new KubernetesBackend({ resources: { limits: { memory: '512Mi' } } }),
    }),
  ],
  controllers: FlameParent.unlessRunner([WorkController]),
  providers: [WorkService],
})
class AppModule {}

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(3000);
