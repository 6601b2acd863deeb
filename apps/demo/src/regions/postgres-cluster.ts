import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { freePort } from '../free-port.js';

const run = promisify(execFile);

/** For a database that is thrown away: nothing has to survive a crash of this host. */
const settings = {
  listen_addresses: '127.0.0.1',
  fsync: 'off',
  shared_buffers: '16MB',
  max_connections: '60',
  wal_retrieve_retry_interval: '100ms',
};

/**
 * A PostgreSQL server of this host's packages, with its data in a temporary folder, on a loopback port: a primary, or a streaming replica of
 * one. As root it runs as the user `postgres`, since it refuses root. It ends with this process, however that ends.
 */
export class PostgresCluster {
  readonly port: number;
  readonly #folder: string;
  #server: ChildProcess | undefined;

  /** A new primary with an empty database. */
  static async primary(): Promise<PostgresCluster> {
    const cluster = await PostgresCluster.#make();
    const { data } = cluster;
    await cluster.#program('initdb', ['-D', data, '-U', 'app', '-A', 'trust', '-E', 'UTF8', '--no-sync']);
    await cluster.start();
    return cluster;
  }

  /** A streaming replica of `primary`, with settings of its own, such as `recovery_min_apply_delay`. */
  static async replicaOf(primary: PostgresCluster, own: Record<string, string> = {}): Promise<PostgresCluster> {
    const cluster = await PostgresCluster.#make();
    const from = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', 'app'];
    await cluster.#program('pg_basebackup', ['-D', cluster.data, '-R', '-c', 'fast', '--no-sync', ...from]);
    await cluster.start(own);
    return cluster;
  }

  static async #make(): Promise<PostgresCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'flame-regions-'));
    // The folder belongs to this user, and the server's user makes its data in it.
    chmodSync(folder, 0o777);
    return new PostgresCluster(folder, await freePort());
  }

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  get url(): string {
    return this.urlAs('app');
  }

  get data(): string {
    return join(this.#folder, 'data');
  }

  urlAs(user: string): string {
    return `postgres://${user}@127.0.0.1:${this.port}/postgres`;
  }

  /** Starts the server, and waits until it accepts connections. */
  async start(own: Record<string, string> = {}): Promise<void> {
    const all = { ...settings, port: String(this.port), unix_socket_directories: this.#folder, ...own };
    const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const command = ['--pdeathsig', 'TERM', ...asPostgres(), join(programs(), 'postgres'), '-D', this.data, ...options];
    const server = spawn('setpriv', command, { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#server = server;
    const lines: string[] = [];
    await new Promise<void>((resolve, reject) => {
      createInterface(server.stderr).on('line', (line) => {
        lines.push(line);
        if (/ready to accept (read-only )?connections/.test(line)) resolve();
      });
      server.once('error', reject).once('close', () => reject(new Error(`postgres ended before it was ready:\n${lines.join('\n')}`)));
    });
  }

  /** Makes a replica follow another primary: it starts again with that address. */
  async follow(primary: PostgresCluster): Promise<void> {
    await this.stop();
    await this.start({ primary_conninfo: `host=127.0.0.1 port=${primary.port} user=app` });
  }

  /** Ends the server as a crash does. */
  async kill(): Promise<void> {
    await this.stop('SIGQUIT');
  }

  /** Ends the server: with SIGINT at once, also while clients are connected. Idempotent. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const closed = once(server, 'close');
    server.kill(signal);
    await closed;
  }

  /** Ends the server and removes its data. */
  async remove(): Promise<void> {
    await this.stop('SIGQUIT');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #program(name: string, args: readonly string[]): Promise<void> {
    const command = ['setpriv', ...asPostgres(), join(programs(), name), ...args];
    await run(command[0]!, command.slice(1), { cwd: this.#folder });
  }
}

/** The programs of the newest PostgreSQL of this host. @throws an error that names the package. */
function programs(): string {
  const versions = '/usr/lib/postgresql';
  const newest = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a))[0] : undefined;
  if (newest === undefined) throw new Error('there is no PostgreSQL here. On Debian: apt-get install postgresql');
  return join(versions, newest, 'bin');
}

function asPostgres(): string[] {
  return process.getuid?.() === 0 ? ['--reuid', 'postgres', '--regid', 'postgres', '--clear-groups'] : [];
}
