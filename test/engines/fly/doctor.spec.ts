import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FlyStandIn } from './stand-in.js';
import { token } from './trial.js';

const root = join(import.meta.dirname, '../../..');
const entry = join(root, 'test/apps/dist/fly/main.js');

it("Doctor examines an app on Fly machines, with the stand-in, from Fly's environment variables", async () => {
  const standIn = await FlyStandIn.start({
    token,
    images: { 'registry.fly.io/flame-doctor:1': { file: process.execPath, args: [entry] } },
  });
  const home = {
    FLY_APP_NAME: 'flame-doctor',
    FLY_REGION: 'fra',
    FLY_IMAGE_REF: 'registry.fly.io/flame-doctor:1',
    FLY_API_TOKEN: token,
    FLY_API_HOSTNAME: standIn.host,
    FLY_PRIVATE_IP: '::1',
    FLY_MACHINE_ID: 'e784e79b740483',
    FLY_MACHINE_VERSION: '01HQ73A7BFFDF1B6WMGHFZZ4E7',
  };
  const cli = join(root, 'libs/flame/dist/cli/main.js');
  const doctor = spawn(process.execPath, [cli, 'doctor', entry], {
    env: { ...process.env, ...home, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [doctor.stdout, doctor.stderr]) stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  const [code] = (await once(doctor, 'close')) as [number];
  expect(text).toMatch(/pool "ffmpeg" \(fly\)\n {2}ok {6}engine {4}the Machines API at \S+ knows the app flame-doctor\n/);
  expect(text).toMatch(/ok {6}rights .*\n {2}ok {6}network {3}::1, the address at which .*\n {2}ok {6}boot {6}[0-9a-f]{14} was started in/);
  expect(text).toMatch(/ok {6}attach {4}its runner reached this process at \[::1\]:\d+ after another/);
  expect(text).toMatch(
    /ok {6}stop .*stopped \(exit code 0\)\n {2}ok {6}left {6}no machine is left on the platform\n\nall 13 checks are ok\n$/,
  );
  expect(text).not.toContain('distinctive-token');
  expect(code).toBe(0);
  const { config } = standIn.seen.find(({ action }) => action === 'create')!.body as { config: { metadata: object; guest: object } };
  expect(config.guest).toEqual({ cpu_kind: 'performance', cpus: 4, memory_mb: 8_192 });
  expect(config.metadata).toMatchObject({
    nestjs_flame_origin_machine: home.FLY_MACHINE_ID,
    nestjs_flame_origin_version: home.FLY_MACHINE_VERSION,
  });
  expect(standIn.present).toEqual([]);
  await standIn.close();
});
