import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Ends the server when its standard input ends: that is when this process does, however it ends. */
const supervised = 'command -v redis-server >/dev/null || exit 1; redis-server "$@" & server=$!; cat >/dev/null; kill "$server"';

/**
 * A Redis of the bench's own, on a Unix socket in `folder`, which ends with this process. It keeps nothing on disk. Gives the socket's path.
 */
export async function redisServer(folder: string): Promise<string> {
  const path = join(folder, 'redis.sock');
  const args = ['--port', '0', '--unixsocket', path, '--unixsocketperm', '700', '--save', '', '--appendonly', 'no', '--dir', folder];
  const shell = spawn('sh', ['-c', supervised, 'redis-server', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    const lines = createInterface(shell.stdout);
    lines.on('line', (line) => {
      if (/ready to accept connections/i.test(line)) resolve();
    });
    lines.once('close', () => reject(new Error('redis-server did not start: install it, on Debian with `apt-get install redis-server`')));
  });
  return path;
}
