import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { NestFactory } from '@nestjs/core';
import { AppModule, Descendants, tell } from './app.module.js';

const app = await NestFactory.create(AppModule);
await app.listen(0, '127.0.0.1');
tell('is a parent');
const handlers = app.get(Descendants) as unknown as Record<string, (argument: unknown) => Promise<unknown>>;
// Each line is the name of a handler with its argument; the answer is a line too.
for await (const line of createInterface(process.stdin)) {
  const [name, argument] = JSON.parse(line) as [string, unknown];
  tell(`${name}: ${JSON.stringify(await handlers[name]!(argument))}`);
}
await app.close();
process.exit();
