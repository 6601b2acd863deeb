/** Programs of the app that one-library.spec.ts makes. */

/** A class whose method is decorated by way of `require`. */
export const videos = `
const flame = require('nestjs-flame');
class Videos {
  async pid() { return process.pid; }
}
const method = Object.getOwnPropertyDescriptor(Videos.prototype, 'pid');
Reflect.defineMetadata('design:returntype', Promise, Videos.prototype, 'pid');
flame.OnFlame('work')(Videos.prototype, 'pid', method);
Object.defineProperty(Videos.prototype, 'pid', method);
module.exports = { Videos, flame };
`;

export const appOfTwoFormats = `
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Flame, FlameError, FlameModule, ProcessBackend } from 'nestjs-flame';

const { Videos, flame } = createRequire(import.meta.url)('./videos.cjs');
class AppModule {}
Module({
  imports: [FlameModule.forRoot([{ name: 'work', max: 1 }], { backend: new ProcessBackend() })],
  providers: [Videos],
})(AppModule);
const app = await NestFactory.create(AppModule, { logger: ['error'] });
await app.listen(0, '127.0.0.1');
if (!(new FlameError('FLAME_LOST', '') instanceof flame.FlameError)) throw new Error('two classes of errors');
if (app.get(Flame) !== app.get(flame.Flame)) throw new Error('two tokens');
const pid = await app.get(Videos).pid();
console.log(pid === process.pid ? 'ran in place' : 'ran elsewhere');
await app.close();
`;

/** Compares what the package's subpaths export in both formats; `register` exports nothing, and changes how modules are loaded. */
export const sameExports = `
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
const require = createRequire(import.meta.url);
const names = Object.keys(require('nestjs-flame/package.json').exports).filter((name) => name !== './package.json' && name !== './register');
const parts = [];
for (const name of names) {
  const path = name.replace('.', 'nestjs-flame');
  const [imported, required] = [{ ...(await import(path)) }, { ...require(path) }];
  if (Object.keys(imported).length === 0 || !isDeepStrictEqual(imported, required)) throw new Error(name);
  for (const [key, value] of Object.entries(imported)) {
    if (value !== required[key]) throw new Error(key);
    if (/^[A-Z]/.test(key) && value.name !== key) throw new Error(key + ' is named ' + value.name);
  }
  parts.push(name === '.' ? 'index' : name.slice(2));
}
console.log(parts.join(' '));
`;

/** A test under Jest, whose module registry is emptied. */
export const afterReset = `
import { Test } from '@nestjs/testing';
import request from 'supertest';
import * as flame from 'nestjs-flame';
import { FlameRpcModule } from 'nestjs-flame/rpc';
import { AppModule } from './../src/app.module';

jest.setTimeout(60_000);

it('is one library after jest.resetModules and in jest.isolateModules', () => {
  jest.resetModules();
  expect(require('nestjs-flame/rpc').FlameRpcModule).toBe(FlameRpcModule);
  jest.isolateModules(() => expect(require('nestjs-flame').Flame).toBe(flame.Flame));
  for (const [name, value] of Object.entries(flame)) expect(require('nestjs-flame')[name]).toBe(value);
});

async function works(testing: Pick<typeof import('@nestjs/testing'), 'Test'>, module: typeof AppModule): Promise<unknown> {
  const { FlameDashboardModule } = require('nestjs-flame/dashboard');
  const compiled = await testing.Test.createTestingModule({ imports: [module, FlameDashboardModule.forRoot()] }).compile();
  const app = compiled.createNestApplication();
  await app.init();
  expect(app.get(flame.Flame)).toBeInstanceOf(flame.Flame);
  await request(app.getHttpServer()).get('/pids').expect(200, { server: process.pid, runner: process.pid });
  await request(app.getHttpServer()).get('/flame').expect(200);
  const { status } = await request(app.getHttpServer()).get('/videos/7');
  await app.close();
  return status;
}

it('an app works whose modules were loaded before the reset', () => works({ Test }, AppModule));

it('an app works whose modules were loaded after the reset, on the Nest from before', () => {
  jest.resetModules();
  return works({ Test }, require('./../src/app.module').AppModule);
});

it('an app works that was loaded after the reset with its Nest, and its errors keep their status', async () => {
  jest.resetModules();
  expect(await works(require('@nestjs/testing'), require('./../src/app.module').AppModule)).toBe(404);
});
`;
