import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { inspect } from 'node:util';
import { Injectable, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Flame, FlameModule, OnFlame, ProcessBackend } from 'nestjs-flame';
import { FlyBackend } from 'nestjs-flame/fly';
import type { BootRequest, Machine, ParentInfo } from 'nestjs-flame';
import { FlameDashboardModule } from 'nestjs-flame/dashboard';
import { FlameRpcModule } from 'nestjs-flame/rpc';
import { describe, expect, it } from 'vitest';
import { ConformanceModule } from '../apps/src/conformance/app.module.js';
import { requestContext } from '../apps/src/conformance/request-context.js';
import { WorkService } from '../apps/src/conformance/work.service.js';
import { makeTlsIdentity } from '../../libs/flame/src/transport/grpc/tls-identity.js';
import { logged, startApp } from '../support/nest-app.js';
import { runnerEntry } from '../support/trial-backends.js';

const secrets = {
  'ops.token': 'hush-the-operators-token',
  'the dashboard’s password': 'hush-the-dashboards-password',
  'the rpc secret': 'hush-the-secret-that-all-instances-share',
  'the Fly token': 'hush-the-token-of-fly',
};

/** Everything that could be printed of a value, private and hidden parts aside from what is truly private. */
const shown = (value: unknown): string =>
  inspect(value, { depth: Infinity, showHidden: true, maxArrayLength: Infinity, maxStringLength: Infinity });

/** The lines of a key that nothing else has. */
const bodyOf = (pem: string): string => pem.split('\n')[2]!;

/** Real processes, of which the test knows what they were told. */
class WatchedBackend extends ProcessBackend {
  #told: ParentInfo | undefined;
  machine: Machine | undefined;

  /** What the runner was told at birth. */
  get told(): ParentInfo {
    return this.#told!;
  }

  override async boot(request: BootRequest): Promise<Machine> {
    this.machine = await super.boot({
      ...request,
      flameParent: async (options) => {
        const text = await request.flameParent(options);
        this.#told = JSON.parse(Buffer.from(text, 'base64').toString()) as ParentInfo;
        return text;
      },
    });
    return this.machine;
  }
}

/** An app whose one runner runs on this backend, once it is up. */
async function bootOne(backend: WatchedBackend): Promise<void> {
  const app = await startApp({ imports: [ConformanceModule.with([{ name: 'p', max: 1 }], { backend, context: requestContext })] });
  await app.get(WorkService).place();
}

describe('Secrets', () => {
  it('are neither in the printed app nor in its log', async () => {
    const [tls, opsTls] = [await makeTlsIdentity(), await makeTlsIdentity()];
    @Injectable()
    class Idle {
      @OnFlame('idle')
      async nothing(): Promise<void> {}
    }
    @Module({
      imports: [
        FlameModule.forRoot(
          [
            { name: 'idle', max: 1 },
            {
              name: 'far',
              max: 1,
              backend: new FlyBackend({ token: secrets['the Fly token'], app: 'a', region: 'r', image: 'i', parentHostname: 'localhost' }),
            },
          ],
          {
            tls,
            ops: { port: 0, token: secrets['ops.token'], tls: opsTls },
          },
        ),
        FlameRpcModule.forRoot({ discovery: [], secret: secrets['the rpc secret'], host: '127.0.0.1', port: 0 }),
        FlameDashboardModule.forRoot({ auth: { user: 'me', password: secrets['the dashboard’s password'] } }),
      ],
      providers: [Idle],
    })
    class AppModule {}
    const app = await startApp({ imports: [AppModule] });
    await app.get(Flame).on('idle', Idle).nothing();
    const text = shown([app, app.get(ModulesContainer), app.get(Flame)]) + logged.join('\n');
    expect(text).toContain('FlameDashboardModule');
    for (const [what, secret] of Object.entries(secrets)) expect([what, text.includes(secret)]).toEqual([what, false]);
    for (const { key } of [tls, opsTls]) expect(text).not.toContain(bodyOf(key));
  });

  it('are neither in a process’s arguments nor in a printed backend', async () => {
    const backend = new WatchedBackend({ entry: runnerEntry });
    await bootOne(backend);
    const pid = Number(/\d+/.exec(backend.machine!.id)![0]);
    const { token } = backend.told;
    expect(token.length).toBeGreaterThan(20);
    const [command, text] = [readFileSync(`/proc/${pid}/cmdline`, 'utf8'), shown(backend)];
    expect(command).toContain('node');
    for (const of of [command, text]) {
      expect(of).not.toContain(token);
      expect(of).not.toContain(Buffer.from(JSON.stringify(backend.told)).toString('base64').slice(0, 60));
    }
  });

  it('pass through a socket in a directory that is the user’s alone', async () => {
    const backend = new WatchedBackend({ entry: runnerEntry });
    await bootOne(backend);
    const path = backend.told.address.replace('unix:', '');
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(statSync(path).isSocket()).toBe(true);
  });
});
