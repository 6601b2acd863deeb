import './confine.js';
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type BootRequest, FlameModule, type Machine, OnFlame, ProcessBackend } from 'nestjs-flame';

/** Processes of this host that are taken for machines elsewhere. */
class ElsewhereBackend extends ProcessBackend {
  override get reach(): 'host' {
    return 'network' as 'host';
  }

  override boot(request: BootRequest): Promise<Machine> {
    return super.boot({ ...request, flameParent: (options) => request.flameParent({ host: 'localhost', ...options }) });
  }
}

@Injectable()
class Work {
  @OnFlame('work')
  async pid(): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return process.pid;
  }
}

@Module({
  imports: [
    FlameModule.forRoot([{ name: 'work', max: 1, maxConcurrency: 8, processes: 'auto' }], {
      backend: new ElsewhereBackend(),
      host: '127.0.0.1',
    }),
  ],
  providers: [Work],
})
class AppModule {}

const app = await NestFactory.create(AppModule);
await app.listen(0, '127.0.0.1');
const work = app.get(Work);
const { size } = new Set(await Promise.all(Array.from({ length: 8 }, () => work.pid())));
console.log(`ran in ${size} process${size === 1 ? '' : 'es'}`);
await app.close();
process.exit();
