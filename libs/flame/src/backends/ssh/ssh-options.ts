import { userInfo } from 'node:os';
import { OptionReader, show } from '../../core/options/option-reader.js';
import type { EnvOptions } from '../launch/env-options.js';
import type { EnvRules } from '../launch/runner-env.js';
import { readRequestTimeout } from '../platform/platform-requests.js';
import type { RequestOptions } from '../platform/platform-requests.js';
import { readShipping } from '../ship/ship-options.js';
import type { ShipCodeOptions, ShipConfig } from '../ship/ship-options.js';
import { readHostKey } from './host-key.js';
import type { PinnedKey } from './host-key.js';

/** Options of SshBackend. */
export interface SshBackendOptions extends EnvOptions, RequestOptions {
  /** The hosts on which runners start. They run Linux, with an SSH server and Node. */
  hosts: readonly SshHostOptions[];
  /**
   * The command of a runner whose program is on the hosts already: `['node', '/srv/app/dist/main.js']`.
   *
   * @default the app's code is shipped, see shipCode
   */
  command?: readonly string[];
  /**
   * Ships the app's code from this process to the hosts, so they only need Node: docs/backends/shipped-code.md. A host that shares a cache with
   * earlier runners of the same code gets it once.
   *
   * @default true without command
   */
  shipCode?: boolean | ShipCodeOptions;
  /**
   * The folder on the hosts in which the command starts.
   *
   * @default the user's home
   */
  cwd?: string;
  /**
   * Node on the hosts, for the process that supervises the runners there: a name in the PATH of a non-interactive login, or a path.
   *
   * @default 'node'
   */
  node?: string;
  /**
   * Time to connect to a host and to start a runner's process there, in milliseconds.
   *
   * @default the pool's bootTimeout
   */
  bootTimeout?: number;
}

/** One host. */
export interface SshHostOptions {
  /** Its name or address. */
  host: string;
  /** @default 22 */
  port?: number;
  /** @default the name of this process's user */
  user?: string;
  /** A private key, as the content of its file. */
  privateKey?: string | Buffer;
  /** The file of a private key, instead of `privateKey`. Only the parent reads it, when it starts. */
  privateKeyFile?: string;
  /** The passphrase of the private key. */
  passphrase?: string;
  /**
   * The socket of an SSH agent that holds the key.
   *
   * @default SSH_AUTH_SOCK, if there is no private key
   */
  agent?: string;
  /**
   * The host's public key: its fingerprint (`SHA256:…`) or its line (`ssh-ed25519 AAAA…`). Several during a change of keys. A host with
   * another key is refused. `ssh-keyscan HOST | ssh-keygen -lf -` prints the fingerprints; compare them with those on the host.
   */
  hostKey: string | readonly string[];
  /** The largest number of runners on this host. */
  max: number;
}

/** A validated host. */
export interface SshHostConfig {
  /** Its address for people: `10.0.0.7` or `10.0.0.7:2222`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly privateKey: string | Buffer | undefined;
  readonly privateKeyFile: string | undefined;
  readonly passphrase: string | undefined;
  readonly agent: string | undefined;
  readonly hostKeys: readonly PinnedKey[];
  readonly max: number;
}

/** The validated options. */
export interface SshConfig extends EnvRules {
  readonly hosts: readonly SshHostConfig[];
  /** Undefined if the code is shipped. */
  readonly command: readonly string[] | undefined;
  readonly shipCode: ShipConfig | undefined;
  readonly cwd: string | undefined;
  readonly node: string;
  readonly bootTimeout: number | undefined;
  readonly requestTimeout: number;
}

/**
 * Checks the options, also in a runner. Keys are checked by `readLogins`, in the parent only.
 *
 * @throws {FlameError} FLAME_CONFIG that names the option and the fix, and shows no key.
 */
export function checkSshOptions(options: unknown): SshConfig {
  const reader = new OptionReader(options, 'SshBackend');
  const started = command(reader);
  const shipping = readShipping(reader, started === undefined);
  if ((started === undefined) === (shipping.shipCode === undefined))
    throw reader.refuse(
      'command',
      started === undefined ? 'is missing, and shipCode is false' : 'is set, and shipCode too',
      'Set only command, if the app is on the hosts, or only shipCode: true, to send it there from this process.',
    );
  const config: SshConfig = {
    hosts: hosts(reader),
    command: started,
    ...shipping,
    cwd: reader.optionalText('cwd'),
    node: reader.raw('node') === undefined ? 'node' : reader.text('node'),
    bootTimeout: reader.raw('bootTimeout') === undefined ? undefined : reader.duration('bootTimeout', Infinity),
    requestTimeout: readRequestTimeout(reader),
  };
  reader.done();
  return config;
}

function hosts(reader: OptionReader): SshHostConfig[] {
  const value = reader.raw('hosts');
  if (!Array.isArray(value) || value.length === 0) {
    const problem = value === undefined ? 'is missing' : `must be a list of at least one host, but is ${show(value)}`;
    throw reader.refuse(
      'hosts',
      problem,
      "Pass hosts such as [{ host: '10.0.0.7', user: 'app', privateKeyFile: '/run/secrets/ssh_key', hostKey: 'SHA256:…', max: 4 }].",
    );
  }
  const all = value.map((item, index) => host(new OptionReader(item, `${reader.path}.hosts[${index}]`)));
  all.forEach(({ name }, index) => {
    const first = all.findIndex((other) => other.name === name);
    if (first < index)
      throw reader.refuse(
        `hosts[${index}]`,
        `is the same server as hosts[${first}], ${name}`,
        'Name each host once, and raise its max for more runners.',
      );
  });
  return all;
}

function host(reader: OptionReader): SshHostConfig {
  const name = reader.text('host');
  const port = reader.count('port', 1, 22);
  const checked: SshHostConfig = {
    name: port === 22 ? name : `${name.includes(':') ? `[${name}]` : name}:${port}`,
    host: name,
    port,
    user: reader.optionalText('user') ?? userInfo().username,
    privateKey: key(reader),
    privateKeyFile: reader.optionalText('privateKeyFile'),
    passphrase: secret(reader, 'passphrase'),
    agent: reader.optionalText('agent'),
    hostKeys: hostKeys(reader),
    max: reader.count('max', 1),
  };
  reader.done();
  return checked;
}

function key(reader: OptionReader): string | Buffer | undefined {
  const value = reader.raw('privateKey');
  if (value === undefined || Buffer.isBuffer(value)) return value;
  // Never the value itself in an error.
  if (typeof value !== 'string')
    throw reader.refuse('privateKey', `must be a string or a Buffer, but is of type ${typeof value}`, 'Pass the key.');
  if (value.includes('PRIVATE KEY')) return value;
  throw reader.refuse('privateKey', 'is not the content of a private key', 'If it is a path, set privateKeyFile.');
}

/** A non-empty string that no error shows. */
function secret(reader: OptionReader, name: string): string | undefined {
  const value = reader.raw(name);
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw reader.refuse(name, 'must be a non-empty string', `Pass ${name} as a string, or omit it.`);
}

function hostKeys(reader: OptionReader): PinnedKey[] {
  const value = reader.raw('hostKey');
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const keys = list.map((item) => (typeof item === 'string' ? readHostKey(item) : undefined));
  if (keys.length > 0 && keys.every((one) => one !== undefined)) return keys;
  throw reader.refuse(
    'hostKey',
    value === undefined ? 'is missing' : `must be a fingerprint or a public key, but is ${show(value)}`,
    "Pass the host's fingerprint (SHA256:…), which `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints there, or the line of that file.",
  );
}

function command(reader: OptionReader): readonly string[] | undefined {
  const value = reader.texts('command', "['node', '/srv/app/dist/main.js']");
  if (value === undefined || (value.length > 0 && value[0] !== '')) return value;
  throw reader.refuse(
    'command',
    'is empty',
    "Pass the command that starts the app on the hosts, such as ['node', '/srv/app/dist/main.js'].",
  );
}
