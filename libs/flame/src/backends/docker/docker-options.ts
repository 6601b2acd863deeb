import { OptionReader, show } from '../../core/options/option-reader.js';
import { readEnvOptions } from '../launch/env-options.js';
import type { EnvOptions } from '../launch/env-options.js';
import { readRequestTimeout } from '../platform/platform-requests.js';
import type { RequestOptions } from '../platform/platform-requests.js';
import type { EnvRules } from '../launch/runner-env.js';

/** What a DockerBackend can be told. Where the parent runs in a container itself, everything can be left out. */
export interface DockerBackendOptions extends EnvOptions, RequestOptions {
  /**
   * The image that holds the app. Required where the parent does not run in a container.
   *
   * @default the image of the parent's own container, by its id, with that container's command, user and working folder
   */
  image?: string;
  /**
   * The network that runners join, and over which they reach the parent. Required where the parent does not run in a container.
   *
   * @default the network of the parent's own container
   */
  network?: string;
  /**
   * The command, in place of the image's.
   *
   * @default the command of the parent's own container, if the image is its own too, else the image's
   */
  cmd?: readonly string[];
  /** What the engine takes as `HostConfig`, for all that has no option here: `CapDrop`, `ReadonlyRootfs`, `Tmpfs`, `Ulimits`, … */
  hostConfig?: Readonly<Record<string, unknown>>;
  /** Mounts in the engine's form: `{ Type: 'volume', Source: 'videos', Target: '/videos' }`. The parent's own mounts are not taken over. */
  mounts?: readonly DockerMount[];
  /**
   * The engine's socket.
   *
   * @default what DOCKER_HOST says, else where the operating system has it
   */
  dockerSocketPath?: string;
  /**
   * Leaves containers that have ended where they are, for their logs. They have to be removed by hand.
   *
   * @default false
   */
  keepRunners?: boolean;
  /**
   * Time that the engine gets to make and start a container, a pull included, in milliseconds.
   *
   * @default the pool's bootTimeout
   */
  bootTimeout?: number;
  /**
   * The variable in which a runner finds the host name of its container.
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
  /** More labels for the containers. Those that begin with `nestjs-flame.` are taken. */
  labels?: Readonly<Record<string, string>>;
  /**
   * The most memory of a container, in bytes or as docker writes it: `'512m'`, `'2g'`. More than that is an OOM kill. No limit when left
   * out.
   */
  memory?: number | string;
  /** The most processors of a container, such as 1.5. No limit when left out. */
  cpus?: number;
  /** How many of the host's GPUs a container gets, or all. None when left out. */
  gpus?: number | 'all';
  /** Who to be at the image's registry. */
  auth?: DockerAuth;
  /**
   * When the image is fetched from its registry: where the engine does not have it, at each boot, or not at all.
   *
   * @default 'missing'
   */
  pull?: 'missing' | 'always' | 'never';
}

export interface DockerMount {
  readonly Type: 'bind' | 'volume' | 'tmpfs' | 'npipe';
  readonly Target: string;
  readonly Source?: string;
  readonly ReadOnly?: boolean;
  readonly [more: string]: unknown;
}

/** As `docker login` keeps it. */
export interface DockerAuth {
  readonly username?: string;
  readonly password?: string;
  readonly serveraddress?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** The options, checked. */
export interface DockerConfig extends EnvRules {
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

/** Starts the keys of our own labels. */
export const labelPrefix = 'nestjs-flame.';

/** What of `HostConfig` is ours, and what to set instead. */
const taken: Readonly<Record<string, string>> = {
  AutoRemove: 'Containers are removed as soon as their end has been read; set keepRunners to keep them.',
  RestartPolicy: 'A runner serves once; the pool boots another.',
  NetworkMode: 'Set network.',
  Mounts: 'Set mounts.',
  Memory: 'Set memory.',
  NanoCpus: 'Set cpus.',
};

/**
 * Checks the options, so that what follows can trust them.
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
    ...readEnvOptions(reader, 'none'),
  };
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
    "Give for example [{ Type: 'volume', Source: 'videos', Target: '/videos' }].",
  );
}

function labels(reader: OptionReader): Record<string, string> {
  const value = object(reader, 'labels', "{ team: 'video' }");
  for (const [key, text] of Object.entries(value)) {
    const one = new OptionReader(value, 'DockerBackend.labels');
    if (typeof text !== 'string') throw one.refuse(key, `must be a string, but is ${show(text)}`, 'Give labels as strings.');
    if (key.startsWith(labelPrefix)) throw one.refuse(key, 'is set by the backend', `Give a label that does not begin with ${labelPrefix}`);
  }
  return value as Record<string, string>;
}

function memory(reader: OptionReader): number | undefined {
  const value = reader.raw('memory');
  if (value === undefined) return undefined;
  const [, count, unit] = /^(\d+(?:\.\d+)?)([bkmg]?)b?$/i.exec(String(value)) ?? [];
  const bytes = Math.round(Number(count) * 1024 ** 'bkmg'.indexOf(unit?.toLowerCase() || 'b'));
  // The engine's own limit.
  if (bytes >= 6 * 1024 ** 2) return bytes;
  throw reader.refuse('memory', `must be bytes or a size, of 6 MiB at least, but is ${show(value)}`, "Give a size such as '512m' or '2g'.");
}

function cpus(reader: OptionReader): number {
  const value = reader.raw('cpus');
  if (typeof value === 'number' && value >= 0.01 && value !== Infinity) return value;
  throw reader.refuse('cpus', `must be a number of processors, but is ${show(value)}`, 'Give a number such as 1.5.');
}

function auth(reader: OptionReader): DockerAuth | undefined {
  if (reader.raw('auth') === undefined) return undefined;
  const inner = new OptionReader(reader.raw('auth'), 'DockerBackend.auth');
  const keys = ['username', 'password', 'serveraddress', 'identitytoken', 'registrytoken'] as const;
  const given = keys.map((key): [string, unknown] => [key, inner.raw(key)]).filter(([, value]) => value !== undefined);
  for (const [key, value] of given) {
    // The value itself is a secret.
    if (typeof value !== 'string' || value === '')
      throw inner.refuse(key, `must be a non-empty string, but is of type ${typeof value}`, `Give ${key} as a string.`);
  }
  inner.done();
  return Object.fromEntries(given) as DockerAuth;
}

function object(reader: OptionReader, key: string, example: string): Record<string, unknown> {
  const value = reader.raw(key) ?? {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw reader.refuse(key, `must be an object, but is ${show(value)}`, `Give for example ${example}.`);
}
