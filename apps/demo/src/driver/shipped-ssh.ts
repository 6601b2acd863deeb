import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ShippedPlatform, ShippedStart } from './shipped-platform.js';
import { freePort } from '../free-port.js';

const run = promisify(execFile);
/** Places on each of the two servers. */
const places = 4;

/** A server, as the app's environment describes it. */
interface DemoHost {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hostKey: string;
  readonly privateKeyFile: string;
  readonly max: number;
}

/**
 * Two real SSH servers (sshd) for this user, on ports of loopback, each with a host key and a cache of its own. They stand for two machines that share the folder
 * with the videos.
 */
export async function shippedSsh({ store, cache }: ShippedStart): Promise<ShippedPlatform> {
  const folder = join(dirname(store), 'sshd');
  await mkdir(folder);
  const servers = await Promise.all(['one', 'two'].map((name) => startServer(join(folder, name))));
  return {
    name: 'SSH',
    unit: 'machine',
    env: {
      DEMO_BACKEND: 'ssh-shipped',
      DEMO_SSH_HOSTS: JSON.stringify(servers.map(({ host }) => host)),
      DEMO_CACHE: join(cache, 'code'),
      DEMO_NODE: process.execPath,
      VIDEO_STORE: store,
    },
    async runners() {
      // With the environment: logins of these servers have a folder in theirs, and so have their runners.
      const { stdout } = await run('ps', ['axewwww', '-o', 'args='], { maxBuffer: 64 * 1024 * 1024 });
      return stdout.split('\n').filter((line) => line.includes(`XDG_CACHE_HOME=${folder}`) && !line.includes('nestjs-flame-supervisor'));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

async function startServer(folder: string): Promise<{ host: DemoHost; stop: () => Promise<unknown> }> {
  await mkdir(folder);
  const [key, login] = [join(folder, 'host'), join(folder, 'login')];
  for (const file of [key, login]) await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  await copyFile(`${login}.pub`, join(folder, 'authorized_keys'));
  const port = await freePort();
  const settings = [`ListenAddress 127.0.0.1`, `Port ${port}`, `HostKey ${key}`, `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`];
  await writeFile(join(folder, 'config'), [...settings, 'PidFile none', 'StrictModes no', 'UsePAM no', ''].join('\n'));
  await appendFile(join(folder, 'config'), `SetEnv XDG_CACHE_HOME=${join(folder, 'cache')}\n`);
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  for await (const text of sshd.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    said += text;
    if (said.includes('Server listening')) break;
  }
  if (!said.includes('Server listening')) throw new Error(`sshd does not start (Debian's package openssh-server): ${said}`);
  sshd.stderr.resume();
  const hostKey = await readFile(`${key}.pub`, 'utf8');
  const host = { host: '127.0.0.1', port, user: userInfo().username, hostKey, privateKeyFile: login, max: places };
  const ended = once(sshd, 'exit');
  return {
    host,
    stop: () => {
      sshd.kill();
      return ended;
    },
  };
}
