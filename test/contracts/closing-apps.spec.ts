import { Injectable } from '@nestjs/common';
import { FlameError, FlameModule, OnFlame } from 'nestjs-flame';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../libs/flame/src/core/session/frame.js';
import type { ParentInfo } from '../../libs/flame/src/core/parent-info.js';
import { dial } from '../../libs/flame/src/transport/attach/attach-client.js';
import type { Asked } from '../support/broken-api.js';
import { brokenDocker, brokenFly, brokenKubernetes } from '../support/broken-platforms.js';
import { logged, startApp } from '../support/nest-app.js';
import { until } from '../support/process-table.js';

/** The backends' docs promise `shutdownTimeout` (200 ms) and a few `requestTimeout`s (500 ms); the rest is for slow machines. */
const bound = 10_000;

@Injectable()
class Reports {
  @OnFlame('p')
  async print(): Promise<string> {
    return 'printed';
  }
}

/** What a machine's runner is told, wherever the request for the machine or its Secret has it. */
function parentInfo({ body }: Asked): ParentInfo | undefined {
  const [, value] = /FLAME_PARENT(?:":"|=)([\w+/=]+)/.exec(JSON.stringify(body)) ?? [];
  return value === undefined ? undefined : (JSON.parse(Buffer.from(value, 'base64').toString()) as ParentInfo);
}

/** Attaches as the runner of a machine, and resolves when it has got a call. It never answers one, and goes when it is told to. */
async function attach(info: ParentInfo): Promise<void> {
  const { version, digest } = info;
  const link = await dial({ info, manifest: { version, digest, protocol: 1, handlers: ['Reports.print', 'new Reports'] } });
  return new Promise((resolve) => {
    const frame = ({ type }: Frame): void => {
      if (type === 'call') resolve();
      if (type === 'leave') void link.close('it was told to');
    };
    link.open({ frame, closed: () => {} });
  });
}

const platforms = [brokenKubernetes, brokenDocker, brokenFly];
const moments = ['while a machine is asked for', 'before its runner has come', 'while its runner works'] as const;

/** Closes an app whose platform has stopped to answer at that moment. */
async function closes(make: (typeof platforms)[number], moment: (typeof moments)[number]): Promise<object> {
  const { api, backend, create, machines, called } = await make();
  const unanswered = moment === 'while a machine is asked for';
  let info: ParentInfo | undefined;
  api.broken = (asked) => {
    info ??= parentInfo(asked);
    return unanswered && create.test(asked.line) ? 'silent' : undefined;
  };
  const pools = [{ name: 'p', max: 1, shutdownTimeout: 200 }];
  const app = await startApp({ imports: [FlameModule.forRoot(pools, { backend, host: '127.0.0.1' })], providers: [Reports] });
  const failed = app
    .get(Reports)
    .print()
    .catch((error: unknown) => error);
  await until(() => (unanswered ? api.count(create) === 1 : machines.size === 1 && info !== undefined));
  if (moment === 'while its runner works') await attach(info!);

  api.broken = () => 'silent';
  const began = performance.now();
  await app.close();
  const time = performance.now() - began;
  const warned = logged.filter((line) => line.startsWith('warn') && line.includes(`${called} did not answer the request "`)).length > 0;
  return { backend: backend.name, inTime: time < bound || time, warned, failed: await failed };
}

describe('app.close()', () => {
  it.each(moments)('ends if the API of a platform accepts requests and never answers, and names it: %s', async (moment) => {
    const failed = expect.any(FlameError) as FlameError;
    // All at a time: they wait for their limits.
    expect(await Promise.all(platforms.map((make) => closes(make, moment)))).toEqual(
      ['kubernetes', 'docker', 'fly'].map((backend) => ({ backend, inTime: true, warned: true, failed })),
    );
  });
});
