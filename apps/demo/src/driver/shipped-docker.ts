import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ShippedPlatform, ShippedStart } from './shipped-platform.js';

const run = promisify(execFile);
/** Of this run alone: one that was killed may have left its own. */
const name = `flame-demo-${process.pid}`;

/** A network and a volume for code on the Docker Engine that `docker` speaks to. */
export async function shippedDocker({ image, store }: ShippedStart): Promise<ShippedPlatform> {
  await docker('network', 'create', name);
  await docker('volume', 'create', name);
  return {
    name: 'Docker',
    unit: 'container',
    env: { DEMO_BACKEND: 'docker-shipped', DEMO_IMAGE: image, DEMO_NETWORK: name, DEMO_CACHE: name, VIDEO_STORE: store },
    async runners() {
      const names = await docker('ps', '--all', '--filter', 'label=nestjs-flame.pool=ffmpeg', '--format', '{{.Names}}');
      return names.split('\n').filter((line) => line !== '');
    },
    async [Symbol.asyncDispose]() {
      await docker('volume', 'rm', name);
      await docker('network', 'rm', name);
    },
  };
}

async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args);
  return stdout.trim();
}
