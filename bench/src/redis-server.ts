import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Ends the server when its standard input ends, which happens at any end of this process. */
const supervised = 'command -v redis-server >/dev/null || exit 1; redis-server "$@" & server=$!; cat >/dev/null; kill "$server"';

/**
 * Starts a Redis server for the bench, on a Unix socket in `folder`, and returns the socket's path. The server ends with this process, and stores nothing on
 * disk.
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
