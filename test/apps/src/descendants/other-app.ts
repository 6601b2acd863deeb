import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, OnFlame, ProcessBackend } from 'nestjs-flame';

@Injectable()
class Other {
  @OnFlame('other')
  async pid(): Promise<number> {
    return process.pid;
  }
}

@Module({
  imports: [FlameModule.forRoot([{ name: 'other', max: 1 }], { backend: new ProcessBackend() })],
  providers: [Other],
})
class OtherModule {}

const app = await NestFactory.create(OtherModule, { logger: false });
await app.listen(0, '127.0.0.1');
console.log(`another app, its runner is another process: ${(await app.get(Other).pid()) !== process.pid}`);
await app.close();
process.exit();
