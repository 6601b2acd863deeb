import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestBootRequest, testContext } from '../../support/test-boot-request.js';
import { until } from '../../support/process-table.js';
import { containers, docker, expectNothingLeft, network } from './cli.js';
import { mounted, nodeImage } from './trial.js';

const ffmpeg = (createRequire(import.meta.url)('@ffmpeg-installer/ffmpeg') as { path: string }).path;
const program = join(import.meta.dirname, '../../support/programs/machine.mjs');

/** The demo app in a container, with the engine's socket, and no option of DockerBackend set but what the videos need. */
class DemoContainer {
  readonly #name: string;
  readonly #url: string;

  private constructor(name: string, address: string) {
    this.#name = name;
    this.#url = `http://${address}:3000`;
  }

  static async start(name: string, store: string): Promise<DemoContainer> {
    const socket = process.env['DOCKER_HOST']!.replace('unix://', '');
    const variables = { DEMO_BACKEND: 'docker', VIDEO_STORE: store, HOST: '0.0.0.0', NO_COLOR: '1' };
    const env = Object.entries(variables).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
    const volumes = ['--volume', `${socket}:/var/run/docker.sock`, '--volume', `${store}:${store}`];
    await docker('run', '--detach', '--init', '--name', name, '--network', 'flame-demo', ...env, ...volumes, nodeImage);
    const address = await docker('inspect', '--format', '{{(index .NetworkSettings.Networks "flame-demo").IPAddress}}', name);
    const demo = new DemoContainer(name, address);
    await until(async () => {
      const lines = await demo.log();
      if (!(await demo.runs())) throw new Error(`the demo ended: ${lines}`);
      return lines.includes('Listening on');
    });
    return demo;
  }

  async runs(): Promise<boolean> {
    return (await docker('inspect', '--format', '{{.State.Running}}', this.#name)) === 'true';
  }

  async post(video: Buffer): Promise<string[]> {
    const headers = { 'content-type': 'video/mp4' };
    const response = await fetch(`${this.#url}/videos?every=1`, { method: 'POST', body: new Uint8Array(video), headers });
    const text = await response.text();
    if (response.status !== 201) throw new Error(`status ${response.status}: ${text}\n${await this.log()}`);
    return (JSON.parse(text) as { thumbnails: string[] }).thumbnails;
  }

  log(): Promise<string> {
    return docker('logs', this.#name);
  }

  async end(how: 'stop' | 'kill'): Promise<void> {
    await docker(how, this.#name);
  }

  async remove(): Promise<void> {
    await docker('rm', '--force', this.#name);
  }
}

describe('A parent in a container', () => {
  let store: string;
  let video: Buffer;
  const demos: DemoContainer[] = [];

  beforeAll(async () => {
    store = mkdtempSync(join(tmpdir(), 'flame-docker-'));
    const clip = join(store, 'clip.mp4');
    execFileSync(ffmpeg, ['-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc=duration=3:size=320x180:rate=10', clip]);
    video = readFileSync(clip);
    await network('flame-demo');
  });
  afterEach(async () => {
    await Promise.all(demos.splice(0).map((demo) => demo.remove()));
    await expectNothingLeft('nestjs-flame.pool=ffmpeg');
  });
  afterAll(() => rmSync(store, { recursive: true, force: true, maxRetries: 5 }));

  async function demo(name: string): Promise<DemoContainer> {
    const started = await DemoContainer.start(name, store);
    demos.push(started);
    return started;
  }

  it('boots runners from its own image on its own network, and leaves none when it is stopped', async () => {
    const parent = await demo('parent-a');
    const thumbnails = await Promise.all([parent.post(video), parent.post(video)]);
    expect(thumbnails.map((made) => made.length)).toEqual([3, 3]);
    const runners = await containers('nestjs-flame.pool=ffmpeg');
    expect(runners.length).toBeGreaterThan(0);
    const look = ['{{.Image}} {{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}} {{.Config.Cmd}}'];
    const own = await docker('inspect', '--format', look[0]!, 'parent-a');
    for (const runner of runners) expect(await docker('inspect', '--format', look[0]!, runner)).toBe(own);
    await parent.end('stop');
    await expectNothingLeft('nestjs-flame.pool=ffmpeg');
    expect(await parent.log()).not.toMatch(/ERROR/);
  });

  it('is examined by doctor from inside, which boots a runner, connects to it and leaves nothing', async () => {
    await demo('parent-d');
    const text = await docker('exec', 'parent-d', 'node', 'node_modules/nestjs-flame/dist/cli/main.js', 'doctor', 'apps/demo/dist/main.js');
    expect(text).toMatch(/pool "ffmpeg" \(docker\)\n {2}ok {6}engine /);
    for (const check of ['image', 'network', 'boot', 'attach', 'versions', 'call', 'clocks', 'stop', 'left'])
      expect(text).toMatch(new RegExp(`\\n {2}ok {6}${check} `));
    expect(text).toMatch(/\nall \d+ checks are ok$/);
    await expectNothingLeft('nestjs-flame.pool=ffmpeg');
  });

  it('removes the leftovers of a killed parent at its start, and nothing of a living one', async () => {
    const killed = await demo('parent-b');
    await killed.post(video);
    const left = await containers('nestjs-flame.pool=ffmpeg');
    expect(left).toHaveLength(1);
    await killed.end('kill');

    // Another parent, on the engine's host.
    const living = mounted(program, { labels: { suite: 'living' } });
    await living.prepare(testContext);
    const request = new TestBootRequest('polite');
    const machine = await living.boot(request);
    await request.printed('ready');

    const next = await demo('parent-c');
    await until(async () => (await next.log()).includes('docker: removed 1 machine of dead parents'));
    await expectNothingLeft('nestjs-flame.pool=ffmpeg');
    expect(await containers('suite=living')).toEqual([machine.id]);

    // And one more of that host, which sees the process of the first.
    const neighbour = mounted(program);
    await neighbour.prepare({ ...testContext, parent: 'parent-2' });
    expect(await neighbour.reap()).toBe(0);
    expect(await containers('suite=living')).toEqual([machine.id]);
    await living.close();
    await next.end('stop');
  });
});
