import { connect } from 'node:net';
import type { Client, ClientChannel, TcpConnectionDetails } from 'ssh2';
import { importPeer } from '../../core/optional-peer.js';
import { fingerprintOf, hostKeyAlgorithms, typeOf } from './host-key.js';
import { connectFailure, HostFailure } from './host-failure.js';
import type { SshHostConfig } from './ssh-options.js';

/** A keepalive after this time without data, in milliseconds, and the number of unanswered ones after which a connection counts as broken. */
const keepaliveInterval = 5_000;
const keepaliveCountMax = 3;
const loopback = '127.0.0.1';

/** The package ssh2. @throws {FlameError} FLAME_CONFIG when it is not installed. */
export async function loadSsh2() {
  return (await importPeer('SshBackend', 'ssh2', () => import('ssh2'))).default;
}

/** One SSH connection: a host with a pinned key and a login. It owns its channels and tunnels. */
export class SshConnection {
  /** Resolves with the reason when the connection is over. */
  readonly closed: Promise<string>;
  readonly #client: Client;
  readonly #host: string;
  /** The ports of this process to which ports of the host lead. */
  readonly #tunnels = new Map<number, number>();

  private constructor(client: Client, host: string) {
    this.#client = client;
    this.#host = host;
    let reason = 'the host closed the connection';
    client.on('error', ({ message }) => (reason = message));
    client.on('tcp connection', (details, accept, reject) => this.#carry(details, accept, reject));
    this.closed = new Promise((resolve) => client.once('close', () => resolve(reason)));
  }

  /** @throws {HostFailure} when the host cannot be reached, has another key or refuses the login; the signal's reason when that aborts. */
  static async open(config: SshHostConfig, signal: AbortSignal): Promise<SshConnection> {
    const { Client } = await loadSsh2();
    signal.throwIfAborted();
    const { name, host, port, user, privateKey, passphrase, agent, hostKeys } = config;
    const client = new Client();
    let presented: Buffer | undefined;
    const trusted = (key: Buffer): boolean => {
      presented = key;
      return hostKeys.some(({ fingerprint }) => fingerprint === fingerprintOf(key));
    };
    const connection = new SshConnection(client, name);
    const stop = (): void => void client.destroy();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        client.once('ready', resolve);
        client.on('error', reject);
        client.once('close', () => reject(new Error('the host closed the connection')));
        client.connect({
          host,
          port,
          username: user,
          privateKey,
          passphrase,
          agent,
          hostVerifier: trusted,
          algorithms: { serverHostKey: hostKeyAlgorithms(hostKeys) as never },
          // The caller has the limit.
          readyTimeout: 0,
          keepaliveInterval,
          keepaliveCountMax,
        });
      });
      return connection;
    } catch (error) {
      client.destroy();
      signal.throwIfAborted();
      if (presented !== undefined && !trusted(presented)) throw wrongKey(config, presented);
      throw connectFailure(name, error, user);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Runs a command in the user's login shell. `use` is called at once: the command's end may follow in the same turn of the event loop. */
  exec<T>(command: string, use: (channel: ClientChannel) => T): Promise<T> {
    return new Promise((resolve, reject) =>
      this.#client.exec(command, (error, channel) => (error ? reject(error) : resolve(use(channel)))),
    );
  }

  /**
   * Opens a port on the host's loopback, `wanted` or any free one, whose connections come to `port` of this process. Returns the host's port.
   *
   * @throws {HostFailure} when the host does not allow it.
   */
  async forward(port: number, wanted = 0): Promise<number> {
    const opened = await new Promise<number>((resolve, reject) => {
      this.#client.forwardIn(loopback, wanted, (error, chosen) => (error ? reject(this.#noTunnel(error)) : resolve(chosen || wanted)));
    });
    this.#tunnels.set(opened, port);
    return opened;
  }

  /** Closes a port that `forward` opened. */
  async unforward(opened: number): Promise<void> {
    this.#tunnels.delete(opened);
    await new Promise<void>((resolve) => this.#client.unforwardIn(loopback, opened, () => resolve()));
  }

  /** Ends the connection; resolves when it is closed. */
  async end(): Promise<void> {
    this.#client.end();
    const force = setTimeout(() => this.#client.destroy(), 1_000);
    await this.closed;
    clearTimeout(force);
  }

  /** Drops the connection at once. */
  drop(): void {
    this.#client.destroy();
  }

  #carry({ destPort }: TcpConnectionDetails, accept: () => ClientChannel, reject: () => void): void {
    const port = this.#tunnels.get(destPort);
    if (port === undefined) return reject();
    const channel = accept();
    const socket = connect(port, loopback).setNoDelay(true);
    socket.pipe(channel).pipe(socket);
    // Each end reports its own errors to the session that uses it.
    socket.on('error', () => {}).on('close', () => channel.destroy());
    channel.on('error', () => {}).on('close', () => socket.destroy());
  }

  #noTunnel(error: Error): HostFailure {
    return new HostFailure(
      this.#host,
      `it refuses the port forwarding through which runners reach this process (${error.message})`,
      'Set AllowTcpForwarding yes in its sshd_config, and remove restrict, no-port-forwarding and permitlisten from the line in authorized_keys.',
      true,
    );
  }
}

function wrongKey({ name, hostKeys }: SshHostConfig, key: Buffer): HostFailure {
  const found = `${fingerprintOf(key)} (${typeOf(key)})`;
  const wanted = hostKeys.map(({ fingerprint }) => fingerprint).join(' or ');
  return new HostFailure(
    name,
    `it presents the host key ${found}, but the option hostKey is ${wanted}`,
    `The host has a new key, or somebody intercepts the connection. Compare with what \`ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub\` prints on the host itself. If it prints the same key, set hostKey: '${fingerprintOf(key)}'.`,
    true,
  );
}
