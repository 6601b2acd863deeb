import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ContainedApp, ContainedAppStart } from './contained-app.js';

const run = promisify(execFile);
/** Of this run alone: one that was killed may have left its own. */
const name = `flame-demo-${process.pid}`;
const port = 3000;

/** The demo's app in a container of its own, on a network of its own, with the engine's socket: it boots its runners beside itself. */
export class DockerApp implements ContainedApp {
  #url = '';

  private constructor() {}

  /** Resolves when the app listens. */
  static async start({ image, store, signal }: ContainedAppStart): Promise<DockerApp> {
    const socket = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
    const variables = { DEMO_BACKEND: 'docker', VIDEO_STORE: store, HOST: '0.0.0.0', PORT: String(port), NO_COLOR: '1' };
    const env = Object.entries(variables).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
    const volumes = ['--volume', `${socket}:/var/run/docker.sock`, '--volume', `${store}:${store}`];
    const options = ['--detach', '--init', '--network', name, '--publish', `127.0.0.1::${port}`, ...env, ...volumes];
    const app = new DockerApp();
    try {
      await docker('network', 'create', name);
      await docker('run', '--name', name, ...options, image);
      app.#url = `http://${(await docker('port', name, String(port))).split('\n')[0]}`;
      await app.#listening(signal);
      return app;
    } catch (error) {
      await app[Symbol.asyncDispose]().catch(() => undefined);
      throw error;
    }
  }

  get url(): string {
    return this.#url;
  }

  async runners(): Promise<string[]> {
    const names = await docker('ps', '--all', '--filter', 'label=nestjs-flame.pool=ffmpeg', '--format', '{{.Names}}');
    return names.split('\n').filter((line) => line !== '');
  }

  async stop(): Promise<number> {
    await docker('stop', name);
    return Number(await docker('inspect', '--format', '{{.State.ExitCode}}', name));
  }

  async log(): Promise<string> {
    const { stdout, stderr } = await run('docker', ['logs', name]);
    return stdout + stderr;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Killed outright, it would leave its runners to the next parent.
    await docker('stop', name).catch(() => undefined);
    await docker('rm', '--force', name);
    await docker('network', 'rm', name);
  }

  async #listening(signal: AbortSignal): Promise<void> {
    while (!(await this.log()).includes('Listening on')) {
      if ((await docker('inspect', '--format', '{{.State.Running}}', name)) !== 'true')
        throw new Error(`The app ended:\n${await this.log()}`);
      await pause(100, undefined, { signal });
    }
  }
}

async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args);
  return stdout.trim();
}
