import 'reflect-metadata';
import { readdirSync, readlinkSync, statfsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FlameModule, OnFlame, ProcessBackend } from 'nestjs-flame';

const MiB = 1024 * 1024;

@Injectable()
class Values {
  /** Takes some bytes, and gives as many as are asked for. */
  @OnFlame('work')
  async exchange(given: Uint8Array, back: number): Promise<Uint8Array> {
    if (!isRight(given, given.length)) throw new Error('the argument did not arrive as it was');
    return Buffer.alloc(back, 7);
  }
}

@Module({
  imports: [
    FlameModule.forRoot([{ name: 'work', min: 3, max: 3, maxConcurrency: 1, handlerTimeout: 60_000 }], { backend: new ProcessBackend() }),
  ],
  providers: [Values],
})
class AppModule {}

const app = await NestFactory.create(AppModule);
await app.listen(0, '127.0.0.1');
const values = app.get(Values);
console.log('is up');
/** Each line makes calls at once: how many, and how many MiB go there and come back. It is answered with the MiB of /dev/shm in use right after. */
for await (const line of createInterface(process.stdin)) {
  const [calls, there, back] = line.split(' ').map(Number) as [number, number, number];
  const given = Buffer.alloc(there * MiB, 7);
  const results = await Promise.all(Array.from({ length: calls }, () => values.exchange(given, back * MiB)));
  const { bsize, blocks, bfree } = statfsSync('/dev/shm');
  const right = results.every((result) => isRight(result, back * MiB));
  const rings = readdirSync('/proc/self/fd').filter((fd) => isRing(fd)).length;
  console.log(`answer ${JSON.stringify({ right, used: ((blocks - bfree) * bsize) / MiB, rings })}`);
}
await app.close();
process.exit();

function isRight(bytes: Uint8Array, length: number): boolean {
  return bytes.length === length && Buffer.alloc(length, 7).equals(bytes);
}

function isRing(fd: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).includes('/nestjs-flame-shm-');
  } catch {
    // The descriptor that the folder itself was read with.
    return false;
  }
}
