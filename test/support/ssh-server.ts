import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { SshHostOptions } from 'nestjs-flame/ssh';
import { freePort } from './free-port.js';
import { until } from './process-table.js';

/** How a server differs from the usual. */
export interface SshServerOptions {
  /** Its address and port, where it is on a host of its own; a free port on loopback otherwise. */
  readonly address?: string;
  readonly port?: number;
  /** The prefix of commands that run on that host. */
  readonly at?: readonly string[];
  /** More lines of its sshd_config. */
  readonly config?: readonly string[];
  /** Restrictions before the key in authorized_keys. */
  readonly restrict?: string;
  /** Variables of the logins. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its folder for runners; a new one in its own folder otherwise. */
  readonly cache?: string;
}

/** The user of the servers: one of their own, if this process may make it, and it may read this repository and run this Node. */
export const sshUser = ownUser();

/** A real sshd with host keys, configuration and login of its own. */
export class SshServer {
  readonly address: string;
  readonly port: number;
  /** The fingerprint of its host key, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  /** The lines of its log. */
  readonly log: string[] = [];
  readonly #folder: string;
  readonly #options: SshServerOptions;
  #sshd: ChildProcess | undefined;

  private constructor(folder: string, port: number, options: SshServerOptions) {
    this.#folder = folder;
    this.#options = options;
    this.port = port;
    this.address = options.address ?? '127.0.0.1';
    for (const key of ['host', 'user']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)]);
    this.fingerprint = execFileSync('ssh-keygen', ['-lf', join(folder, 'host.pub')], { encoding: 'utf8' }).split(' ')[1]!;
    const { restrict = '', config = [], env = {} } = options;
    writeFileSync(join(folder, 'authorized_keys'), `${restrict} ${readFileSync(join(folder, 'user.pub'), 'utf8')}`.trimStart());
    mkdirSync(this.cache, { recursive: true });
    if (options.cache === undefined) chownSync(this.cache, idOf('-u'), idOf('-g'));
    const variables = Object.entries({ XDG_CACHE_HOME: this.cache, ...env }).map(([name, value]) => `${name}=${value}`);
    writeFileSync(
      join(folder, 'sshd_config'),
      [
        ...config,
        `ListenAddress ${this.address}`,
        `Port ${port}`,
        `HostKey ${join(folder, 'host')}`,
        `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
        `SetEnv ${variables.join(' ')}`,
        'PidFile none',
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
        'MaxStartups 100',
      ].join('\n'),
    );
    chmodSync(folder, 0o755);
  }

  static async start(options: SshServerOptions = {}): Promise<SshServer> {
    const folder = mkdtempSync(join(tmpdir(), 'flame-sshd-'));
    const server = new SshServer(folder, options.port ?? (await freePort()), options);
    await server.start();
    return server;
  }

  /** The folder that its logins have for caches. */
  get cache(): string {
    return this.#options.cache ?? join(this.#folder, 'cache');
  }

  /** The user's private key. */
  get privateKey(): string {
    return readFileSync(this.keyFile, 'utf8');
  }

  get keyFile(): string {
    return join(this.#folder, 'user');
  }

  /** Lets the user log in to `other` with the same key. */
  allow(other: SshServer): void {
    appendFileSync(join(other.#folder, 'authorized_keys'), `\n${readFileSync(`${this.keyFile}.pub`, 'utf8')}`);
  }

  /** The line of the host's public key. */
  get hostKey(): string {
    return readFileSync(join(this.#folder, 'host.pub'), 'utf8');
  }

  /** The options of SshBackend for this host. */
  host(options: Partial<SshHostOptions> = {}): SshHostOptions {
    const { address, port, fingerprint, privateKey } = this;
    return { host: address, port, user: sshUser, privateKey, hostKey: fingerprint, max: 8, ...options };
  }

  /** Starts sshd; again after `stop`. */
  async start(): Promise<void> {
    // Its folder for the time before a login.
    if (process.getuid!() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const [file, ...args] = [...(this.#options.at ?? []), '/usr/sbin/sshd', '-D', '-e', '-f', join(this.#folder, 'sshd_config')];
    const sshd = spawn(file!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#sshd = sshd;
    const from = this.log.length;
    sshd.stderr.setEncoding('utf8').on('data', (text: string) => this.log.push(...text.trimEnd().split('\n')));
    await until(() => {
      if (sshd.exitCode !== null) throw new Error(`sshd ended: ${this.log.join('\n')}`);
      return this.log.slice(from).some((line) => line.includes(`Server listening on ${this.address}`));
    });
  }

  /** Ends sshd, which takes no new connections; those that are open stay. */
  async stop(): Promise<void> {
    const sshd = this.#sshd!;
    if (sshd.exitCode !== null || sshd.signalCode !== null) return;
    const exited = new Promise((resolve) => sshd.once('exit', resolve));
    sshd.kill('SIGTERM');
    await exited;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function ownUser(): string {
  const own = userInfo().username;
  if (process.getuid!() !== 0) return own;
  const name = 'flame-host';
  try {
    execFileSync('id', [name], { stdio: 'ignore' });
  } catch {
    // A password that fits nothing. sshd refuses accounts that are locked.
    execFileSync('useradd', ['--create-home', '--shell', '/bin/sh', '--password', '*', name]);
  }
  try {
    const uid = Number(execFileSync('id', ['-u', name], { encoding: 'utf8' }));
    for (const command of [
      ['cat', import.meta.filename],
      [process.execPath, '--version'],
    ] as const)
      execFileSync(command[0], [command[1]], { uid, gid: uid, stdio: 'ignore' });
    return name;
  } catch {
    return own;
  }
}

function idOf(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, sshUser], { encoding: 'utf8' }));
}

/** Whether a TCP connection to this port of this host can be made. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
