import { OptionReader, show } from '../../core/options/option-reader.js';
import type { EnvOptions } from '../launch/env-options.js';
import { readRequestTimeout } from '../platform/platform-requests.js';
import type { RequestOptions } from '../platform/platform-requests.js';
import type { EnvRules } from '../launch/runner-env.js';
import { readShipping } from '../ship/ship-options.js';
import type { ShipCodeOptions, ShipConfig } from '../ship/ship-options.js';

/** Options of DockerBackend. All are optional if the parent runs in a container itself. */
export interface DockerBackendOptions extends EnvOptions, RequestOptions {
  /**
   * The image that contains the app. Required if the parent does not run in a container.
   *
   * @default the image of the parent's own container, by its id, with that container's command, user and working folder
   */
  image?: string;
  /**
   * The network that runners join, and over which they reach the parent. Required if the parent does not run in a container.
   *
   * @default the network of the parent's own container
   */
  network?: string;
  /**
   * The command, instead of the image's.
   *
   * @default the command of the parent's own container, if the image is its own too, else the image's
   */
  cmd?: readonly string[];
  /**
   * Ships the app's code from this process to the containers, so the image only needs Node: docs/backends/shipped-code.md. With it, `cmd` and the
   * image's command are not used.
   *
   * @default false
   */
  shipCode?: boolean | ShipCodeOptions;
  /** The engine's `HostConfig`, for settings that have no option here: `CapDrop`, `ReadonlyRootfs`, `Tmpfs`, `Ulimits`, … */
  hostConfig?: Readonly<Record<string, unknown>>;
  /**
   * Mounts in the engine's form: `{ Type: 'volume', Source: 'videos', Target: '/videos' }`. Runners do not inherit the parent's own mounts.
   */
  mounts?: readonly DockerMount[];
  /**
   * The engine's socket.
   *
   * @default what DOCKER_HOST says, else where the operating system has it
   */
  dockerSocketPath?: string;
  /**
   * Keeps ended containers, for their logs. They have to be removed by hand.
   *
   * @default false
   */
  keepRunners?: boolean;
  /**
   * Time for the engine to make and start a container, including a pull, in milliseconds.
   *
   * @default the pool's bootTimeout
   */
  bootTimeout?: number;
  /**
   * The environment variable that holds the host name of the runner's container.
   *
   * @default 'HOSTNAME'
   */
  runnerHostnameEnv?: string;
  /**
   * The host name or address under which runners reach the parent.
   *
   * @default found out: the parent's name on the network, or the address of the host
   */
  parentHostname?: string;
  /** Additional labels for the containers. Keys that begin with `nestjs-flame.` are reserved. */
  labels?: Readonly<Record<string, string>>;
  /**
   * The memory limit of a container, in bytes or in docker's notation: `'512m'`, `'2g'`. A container that exceeds it is killed (OOM). No
   * limit if omitted.
   */
  memory?: number | string;
  /** The maximum number of processors of a container, such as 1.5. No limit if omitted. */
  cpus?: number;
  /** The number of the host's GPUs for a container, or all. None if omitted. */
  gpus?: number | 'all';
  /** Credentials for the image's registry. */
  auth?: DockerAuth;
  /**
   * When the image is pulled: if the engine does not have it, at each boot, or never.
   *
   * @default 'missing'
   */
  pull?: 'missing' | 'always' | 'never';
}

/** A mount, as the engine's API takes it. */
export interface DockerMount {
  readonly Type: 'bind' | 'volume' | 'tmpfs' | 'npipe';
  readonly Target: string;
  readonly Source?: string;
  readonly ReadOnly?: boolean;
  readonly [more: string]: unknown;
}

/** Credentials in the form in which `docker login` stores them. */
export interface DockerAuth {
  readonly username?: string;
  readonly password?: string;
  readonly serveraddress?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** The validated options. */
export interface DockerConfig extends EnvRules {
  readonly shipCode: ShipConfig | undefined;
  readonly image: string | undefined;
  readonly network: string | undefined;
  readonly cmd: readonly string[] | undefined;
  readonly hostConfig: Readonly<Record<string, unknown>>;
  readonly mounts: readonly DockerMount[];
  readonly dockerSocketPath: string | undefined;
  readonly keepRunners: boolean;
  readonly bootTimeout: number | undefined;
  readonly requestTimeout: number;
  readonly runnerHostnameEnv: string;
  readonly parentHostname: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly memory: number | undefined;
  readonly cpus: number | undefined;
  readonly gpus: number | 'all' | undefined;
  readonly auth: DockerAuth | undefined;
  readonly pull: 'missing' | 'always' | 'never';
}

/** The prefix of the backend's own labels. */
export const labelPrefix = 'nestjs-flame.';

/** The keys of `HostConfig` that the backend sets, and what to set instead. */
const taken: Readonly<Record<string, string>> = {
  AutoRemove: 'The backend removes containers after they end; set keepRunners to keep them.',
  RestartPolicy: 'A container is not restarted: the pool boots a new runner.',
  NetworkMode: 'Set network.',
  Mounts: 'Set mounts.',
  Memory: 'Set memory.',
  NanoCpus: 'Set cpus.',
};

/**
 * Checks the options.
 *
 * @throws {FlameError} FLAME_CONFIG that names the option and the fix.
 */
export function checkDockerOptions(options: unknown): DockerConfig {
  const reader = new OptionReader(options, 'DockerBackend');
  const config: DockerConfig = {
    image: reader.optionalText('image'),
    network: reader.optionalText('network'),
    cmd: reader.texts('cmd', "['node', 'dist/main.js']"),
    hostConfig: hostConfig(reader),
    mounts: mounts(reader),
    dockerSocketPath: reader.optionalText('dockerSocketPath'),
    keepRunners: reader.flag('keepRunners', false),
    bootTimeout: reader.raw('bootTimeout') === undefined ? undefined : reader.duration('bootTimeout', Infinity),
    requestTimeout: readRequestTimeout(reader),
    runnerHostnameEnv: reader.raw('runnerHostnameEnv') === undefined ? 'HOSTNAME' : reader.text('runnerHostnameEnv'),
    parentHostname: reader.optionalText('parentHostname'),
    labels: labels(reader),
    memory: memory(reader),
    cpus: reader.raw('cpus') === undefined ? undefined : cpus(reader),
    gpus:
      reader.raw('gpus') === undefined || reader.raw('gpus') === 'all'
        ? (reader.raw('gpus') as 'all' | undefined)
        : reader.count('gpus', 1),
    auth: auth(reader),
    pull: reader.choice('pull', ['missing', 'always', 'never'], 'missing'),
    ...readShipping(reader),
  };
  if (config.shipCode && config.cmd)
    throw reader.refuse('cmd', 'cannot be set with shipCode, which runs the app of this process', 'Remove one of them.');
  reader.done();
  return config;
}

function hostConfig(reader: OptionReader): Record<string, unknown> {
  const value = object(reader, 'hostConfig', "{ CapDrop: ['ALL'] }");
  for (const [key, instead] of Object.entries(taken)) {
    if (key in value) throw new OptionReader(value, 'DockerBackend.hostConfig').refuse(key, 'is set by the backend', instead);
  }
  return value;
}

function mounts(reader: OptionReader): readonly DockerMount[] {
  const value = reader.raw('mounts') ?? [];
  const complete = (mount: unknown): boolean =>
    ['Type', 'Target'].every((key) => typeof (mount as Record<string, unknown> | null)?.[key] === 'string');
  if (Array.isArray(value) && value.every(complete)) return value as DockerMount[];
  throw reader.refuse(
    'mounts',
    `must be a list of mounts, but is ${show(value)}`,
    "Pass for example [{ Type: 'volume', Source: 'videos', Target: '/videos' }].",
  );
}

function labels(reader: OptionReader): Record<string, string> {
  const value = object(reader, 'labels', "{ team: 'video' }");
  for (const [key, text] of Object.entries(value)) {
    const one = new OptionReader(value, 'DockerBackend.labels');
    if (typeof text !== 'string') throw one.refuse(key, `must be a string, but is ${show(text)}`, 'Pass labels as strings.');
    if (key.startsWith(labelPrefix)) throw one.refuse(key, 'is set by the backend', `Use a label that does not begin with ${labelPrefix}`);
  }
  return value as Record<string, string>;
}

function memory(reader: OptionReader): number | undefined {
  const value = reader.raw('memory');
  if (value === undefined) return undefined;
  const [, count, unit] = /^(\d+(?:\.\d+)?)([bkmg]?)b?$/i.exec(String(value)) ?? [];
  const bytes = Math.round(Number(count) * 1024 ** 'bkmg'.indexOf(unit?.toLowerCase() || 'b'));
  // The engine's own minimum.
  if (bytes >= 6 * 1024 ** 2) return bytes;
  throw reader.refuse('memory', `must be bytes or a size, of 6 MiB at least, but is ${show(value)}`, "Pass a size such as '512m' or '2g'.");
}

function cpus(reader: OptionReader): number {
  const value = reader.raw('cpus');
  if (typeof value === 'number' && value >= 0.01 && value !== Infinity) return value;
  throw reader.refuse('cpus', `must be a number of processors, but is ${show(value)}`, 'Pass a number such as 1.5.');
}

function auth(reader: OptionReader): DockerAuth | undefined {
  if (reader.raw('auth') === undefined) return undefined;
  const inner = new OptionReader(reader.raw('auth'), 'DockerBackend.auth');
  const keys = ['username', 'password', 'serveraddress', 'identitytoken', 'registrytoken'] as const;
  const given = keys.map((key): [string, unknown] => [key, inner.raw(key)]).filter(([, value]) => value !== undefined);
  for (const [key, value] of given) {
    // The value itself is a secret.
    if (typeof value !== 'string' || value === '')
      throw inner.refuse(key, `must be a non-empty string, but is of type ${typeof value}`, `Pass ${key} as a string.`);
  }
  inner.done();
  return Object.fromEntries(given) as DockerAuth;
}

function object(reader: OptionReader, key: string, example: string): Record<string, unknown> {
  const value = reader.raw(key) ?? {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw reader.refuse(key, `must be an object, but is ${show(value)}`, `Pass for example ${example}.`);
}
