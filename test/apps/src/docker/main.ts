import 'reflect-metadata';
import { hostname } from 'node:os';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, FlameParent, OnFlame } from 'nestjs-flame';
import { DockerBackend } from 'nestjs-flame/docker';

@Injectable()
class WorkService {
  @OnFlame('work')
  async where(): Promise<string> {
    return hostname();
  }
}

@Controller()
class WorkController {
  constructor(private readonly work: WorkService) {}

  @Get()
  async where(): Promise<{ parent: string; runner: string }> {
    return { parent: hostname(), runner: await this.work.where() };
  }
}

@Module({
  imports: [FlameModule.forRoot([{ name: 'work', max: 4 }], { backend: new DockerBackend({ memory: '512m', cpus: 1 }) })],
  controllers: FlameParent.unlessRunner([WorkController]),
  providers: [WorkService],
})
class AppModule {}

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(3000);
