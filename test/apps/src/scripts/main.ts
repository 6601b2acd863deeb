import 'reflect-metadata';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { FlameError, FlameParent } from 'nestjs-flame';
import { AppModule, Mails, OtherModule, Others, Settings, SettingsModule, done } from './app.module.js';

const quiet = { logger: ['warn', 'error'] as ('warn' | 'error')[] };
const tcp = { transport: Transport.TCP as const, options: { host: '127.0.0.1', port: 0 } };

/** What main.ts files do, by the name in SCRIPT. What comes after the app's start is done once, by the parent. */
const scripts: Record<string, () => Promise<void>> = {
  context: async () => finish(await NestFactory.createApplicationContext(AppModule, quiet)),

  init: async () => {
    const app = await NestFactory.create(AppModule, quiet);
    await app.init();
    done('init');
    await app.listen(0, '127.0.0.1');
    await finish(app);
  },

  listen: async () => {
    const app = await NestFactory.create(AppModule, quiet);
    await app.listen(0, '127.0.0.1');
    await finish(app);
  },

  'init on Fastify': async () => {
    const app = await NestFactory.create(AppModule, new FastifyAdapter(), quiet);
    await app.init();
    await finish(app);
  },

  microservice: async () => {
    const app = await NestFactory.createMicroservice(AppModule, { ...tcp, ...quiet });
    await app.listen();
    await finish(app);
  },

  'init of a microservice': async () => {
    const app = await NestFactory.createMicroservice(AppModule, { ...tcp, ...quiet });
    await app.init();
    await finish(app);
  },

  hybrid: async () => {
    const app = await NestFactory.create(AppModule, quiet);
    app.connectMicroservice(tcp);
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    await finish(app);
  },

  'settings first': async () => {
    const settings = await NestFactory.createApplicationContext(SettingsModule, quiet);
    const { port } = settings.get(Settings);
    await settings.close();
    const app = await NestFactory.create(AppModule, quiet);
    await app.listen(port, '127.0.0.1');
    await finish(app);
  },

  'an app that is closed and made again': async () => {
    const first = await NestFactory.create(AppModule, quiet);
    first.get(Mails);
    await first.close();
    const app = await NestFactory.create(AppModule, quiet);
    await app.listen(0, '127.0.0.1');
    await finish(app);
  },

  'two apps': async () => {
    const app = await NestFactory.createApplicationContext(AppModule, quiet);
    const other = await NestFactory.createApplicationContext(OtherModule, quiet);
    await other.close();
    await finish(app);
  },

  'two apps, the second of which calls': async () => {
    const app = await NestFactory.createApplicationContext(AppModule, quiet);
    await finish(await NestFactory.createApplicationContext(OtherModule, quiet), Others);
    await app.close();
  },

  // Those of runners that do not get as far as their parent.
  'closes its app': async () => {
    const app = await NestFactory.create(AppModule, quiet);
    await app.close();
  },

  ends: async () => {
    await NestFactory.create(AppModule, quiet);
  },

  exits: async () => {
    await NestFactory.create(AppModule, quiet);
    process.exit(0);
  },

  'awaits what never comes': () => new Promise(() => undefined),
};

/** What a script that sends mails does: three calls at once, a mail, the end. */
async function finish(app: INestApplicationContext, service: Type<Mails | Others> = Mails): Promise<void> {
  const start = performance.now();
  const mails = app.get(service);
  try {
    const pids = await Promise.all(['ada', 'alan', 'grace'].map((to) => mails.render(to)));
    console.log(`rendered on ${[...new Set(pids)].join(', ')}`);
  } catch (error) {
    if (!(error instanceof FlameError)) throw error;
    console.log(`${error.code} within ${Math.round(performance.now() - start)} ms: ${error.message}`);
  }
  done('mail');
  await app.close();
  console.log(`${FlameParent.get() ? 'runner' : 'parent'} finished`);
}

await scripts[process.env['SCRIPT'] ?? '']!();
