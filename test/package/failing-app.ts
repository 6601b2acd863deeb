/**
 * An app whose calls fail in each way, over the adapter that is named. Prints for each path what a client gets of it, as JSON. Plain JavaScript: what is tried is
 * how it runs on an old Nest, and that takes no build.
 */
export const failingApp = `
require('reflect-metadata');
const { Controller, Get, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { BootError, FlameBackend, FlameModule, getPoolToken, OnFlame } = require('nestjs-flame');
const [, , name] = process.argv;
const { ExpressAdapter } = name === 'express' && require('@nestjs/platform-express');
const { FastifyAdapter } = name === 'fastify' && require('@nestjs/platform-fastify');

class Hopeless extends FlameBackend {
  name = 'hopeless';
  reach = 'memory';
  async boot() {
    throw new BootError('no machine; it logged: secret=1', { phase: 'create', fatal: true });
  }
}

class Work {
  async late() {
    return new Promise((resolve) => setTimeout(resolve, 60_000, 'late').unref());
  }
  async refused() {}
  async unbootable() {}
}
const pools = { late: ['work', { handlerTimeout: 50 }], refused: ['drained'], unbootable: ['hopeless'] };
for (const [method, [pool, options]] of Object.entries(pools)) decorate(Work, method, OnFlame(pool, options));

class AppController {
  constructor(work) {
    this.work = work;
  }
  async plain() {
    throw new Error('secret=1');
  }
}
Reflect.defineMetadata('design:paramtypes', [Work], AppController);
for (const path of [...Object.keys(pools), 'plain']) {
  AppController.prototype[path] ??= function () {
    return this.work[path]();
  };
  decorate(AppController, path, Get(path));
}
Controller()(AppController);

class AppModule {}
const named = [{ name: 'work', max: 1 }, { name: 'drained', max: 1 }, { name: 'hopeless', max: 1, backend: new Hopeless() }];
Module({ imports: [FlameModule.forRoot(named)], controllers: [AppController], providers: [Work] })(AppModule);

async function main() {
  const app = await NestFactory.create(AppModule, name === 'express' ? new ExpressAdapter() : new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  await app.get(getPoolToken('drained')).drain();
  const answers = {};
  for (const path of [...Object.keys(pools), 'plain']) {
    const response = await fetch(\`http://127.0.0.1:\${app.getHttpServer().address().port}/\${path}\`);
    answers[path] = { status: response.status, retry: response.headers.get('retry-after'), body: await response.json() };
  }
  console.log(JSON.stringify(answers));
  await app.close();
}
main();

function decorate(type, method, decorator) {
  const descriptor = { ...Object.getOwnPropertyDescriptor(type.prototype, method), enumerable: false };
  Reflect.defineMetadata('design:returntype', Promise, type.prototype, method);
  decorator(type.prototype, method, descriptor);
  Object.defineProperty(type.prototype, method, descriptor);
}
`;
