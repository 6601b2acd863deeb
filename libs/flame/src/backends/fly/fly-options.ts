import { availableParallelism } from 'node:os';
import { OptionReader, badOption, show } from '../../core/options/option-reader.js';
import type { EnvOptions } from '../launch/env-options.js';
import { readRequestTimeout } from '../platform/platform-requests.js';
import type { RequestOptions } from '../platform/platform-requests.js';
import type { EnvRules } from '../launch/runner-env.js';
import { readShipping } from '../ship/ship-options.js';
import type { ShipCodeOptions, ShipConfig } from '../ship/ship-options.js';

/**
 * Options of FlyBackend. On a Fly Machine that was deployed with `fly deploy` only `token` is missing, and a secret named `FLY_API_TOKEN`
 * provides it.
 */
export interface FlyBackendOptions extends EnvOptions, RequestOptions {
  /**
   * The Fly app in which runners are made.
   *
   * @default FLY_APP_NAME
   */
  app?: string;
  /**
   * The first region in which a runner is made.
   *
   * @default FLY_REGION, the parent's own
   */
  region?: string;
  /**
   * The regions to try next, in this order, if `region` has no room.
   *
   * @default []
   */
  regions?: readonly string[];
  /**
   * The image of runners: the app's own.
   *
   * @default FLY_IMAGE_REF, the parent's own
   */
  image?: string;
  /**
   * The token for the Machines API: `fly tokens create deploy`. No error or log shows it.
   *
   * @default FLY_API_TOKEN
   */
  token?: string;
  /**
   * The URL of the Machines API. Within Fly's private network `http://_api.internal:4280` is nearer.
   *
   * @default FLY_API_HOSTNAME, else https://api.machines.dev
   */
  host?: string;
  /**
   * The name or address under which runners reach this process.
   *
   * @default FLY_PRIVATE_IP
   */
  parentHostname?: string;
  /**
   * Ships the app's code from this process to the machines, so their image only needs Node: docs/backends/shipped-code.md. With it, commands of
   * `init` and the image's command are not used.
   *
   * @default false
   */
  shipCode?: boolean | ShipCodeOptions;
  /** How a machine starts, if the image's own command is not suitable. */
  init?: {
    cmd?: readonly string[];
    entrypoint?: readonly string[];
    exec?: readonly string[];
    kernelArgs?: readonly string[];
    swapSizeMb?: number;
    tty?: boolean;
  };
  /**
   * `'performance'` for dedicated CPUs, `'shared'` for shared ones.
   *
   * @default 'performance'
   */
  cpuKind?: string;
  /**
   * The number of CPUs of a runner.
   *
   * @default as many as this process may use
   */
  cpus?: number;
  /**
   * Memory of a runner, in MiB: multiples of 1,024 for performance CPUs, of 256 for shared ones.
   *
   * @default 4096
   */
  memoryMb?: number;
  /**
   * Time for the platform to start a machine, in milliseconds. The pool's `bootTimeout`, which includes the boot of the app, also applies.
   *
   * @default Infinity
   */
  bootTimeout?: number;
  /**
   * Services of a runner, in the form of the Machines API. Rarely useful, because a runner serves no HTTP.
   *
   * @default []
   */
  services?: readonly object[];
  /**
   * Metadata of the machine in addition to the backend's own. Keys with which `fly deploy` would manage the machine are refused.
   *
   * @default {}
   */
  metadata?: Readonly<Record<string, string>>;
  /**
   * Volumes, in the form of the Machines API: `{ volume: 'vol_…', path: '/data' }`. On Fly a volume belongs to one machine at a time.
   *
   * @default []
   */
  mounts?: readonly { readonly path: string }[];
}

/** The defaults. A test compares them with the docstrings of the options. */
export const flyDefaults = { cpuKind: 'performance', memoryMb: 4096, bootTimeout: Infinity } as const;

/** The validated options, before `settle` adds the values from the environment. */
export type FlyOptions = Omit<FlyBackendOptions, keyof EnvOptions | 'shipCode'> & {
  readonly environment: EnvRules;
  readonly shipCode: ShipConfig | undefined;
};

/** Everything that boots need. */
export interface FlySettings {
  readonly app: string;
  readonly regions: readonly string[];
  readonly image: string;
  readonly token: string;
  readonly host: string;
  readonly parentHostname: string;
  readonly options: FlyOptions;
}

/** With these keys, `fly deploy` would treat runners as its own machines, and replace or stop them. */
const managed = ['fly_process_group', 'fly_platform_version'];

/** @throws {FlameError} FLAME_CONFIG that names the option and the fix. */
export function checkFlyOptions(options: unknown): FlyOptions {
  const read = new OptionReader(options, 'FlyBackend');
  const cpuKind = read.raw('cpuKind') === undefined ? flyDefaults.cpuKind : read.text('cpuKind');
  const { shipCode, ...environment } = readShipping(read);
  const checked: FlyOptions = {
    shipCode,
    app: read.optionalText('app'),
    region: read.optionalText('region'),
    regions: read.texts('regions', "['fra', 'ams']") ?? [],
    image: read.optionalText('image'),
    token: readToken(read),
    host: readHost(read),
    parentHostname: read.optionalText('parentHostname'),
    init: readInit(read),
    cpuKind,
    cpus: read.count('cpus', 1, availableParallelism()),
    memoryMb: readMemory(read, cpuKind),
    bootTimeout: read.duration('bootTimeout', flyDefaults.bootTimeout),
    requestTimeout: readRequestTimeout(read),
    services: readObjects(read, 'services'),
    metadata: readMetadata(read),
    mounts: readObjects(read, 'mounts') as { path: string }[],
    environment,
  };
  for (const [index, mount] of checked.mounts!.entries()) new OptionReader(mount, `FlyBackend.mounts[${index}]`).text('path');
  read.done();
  return checked;
}

/** Adds values from the environment to the options. @throws {FlameError} FLAME_CONFIG that names the option and the variable. */
export function settle(options: FlyOptions, env: NodeJS.ProcessEnv = process.env): FlySettings {
  const need = (key: 'app' | 'region' | 'image' | 'token' | 'parentHostname', variable: string, what: string): string => {
    const value = options[key] ?? env[variable]?.trim();
    if (value) return value;
    throw badOption(
      `FlyBackend.${key}`,
      `is missing, and ${variable} is not set`,
      `Set it to ${what}; on a Fly Machine ${variable} has it.`,
    );
  };
  const region = need('region', 'FLY_REGION', "the region of runners, such as 'fra'");
  return {
    app: need('app', 'FLY_APP_NAME', 'the name of the Fly app'),
    regions: [...new Set([region, ...options.regions!])],
    image: need('image', 'FLY_IMAGE_REF', "the app's image"),
    token: needToken(options, env),
    host: options.host ?? env['FLY_API_HOSTNAME'] ?? 'https://api.machines.dev',
    parentHostname: need('parentHostname', 'FLY_PRIVATE_IP', 'the address under which runners reach this process'),
    options,
  };
}

function needToken(options: FlyOptions, env: NodeJS.ProcessEnv): string {
  const token = options.token ?? env['FLY_API_TOKEN']?.trim();
  if (token) return token;
  throw badOption(
    'FlyBackend.token',
    'is missing, and FLY_API_TOKEN is not set',
    'Set it as a secret: fly secrets set FLY_API_TOKEN="$(fly tokens create deploy)".',
  );
}

/** Errors never show the token's value. */
function readToken(read: OptionReader): string | undefined {
  const value = read.raw('token');
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  throw read.refuse('token', `must be a non-empty string, but is of type ${typeof value}`, 'Pass it as a string, or set FLY_API_TOKEN.');
}

function readHost(read: OptionReader): string | undefined {
  const host = read.optionalText('host');
  if (host === undefined || /^https?:\/\/[^/]+\/?$/.test(host)) return host;
  throw read.refuse('host', `must be a URL without a path, but is ${show(host)}`, "Pass for example 'http://_api.internal:4280'.");
}

function readMemory(read: OptionReader, cpuKind: string): number {
  const memory = read.count('memoryMb', 256, flyDefaults.memoryMb);
  const unit = cpuKind === 'performance' ? 1_024 : 256;
  if (memory % unit === 0) return memory;
  const least = Math.ceil(memory / unit) * unit;
  throw read.refuse('memoryMb', `must be a multiple of ${unit} for ${cpuKind} CPUs, but is ${memory}`, `Pass for example ${least}.`);
}

function readObjects(read: OptionReader, key: string): object[] {
  const value = read.raw(key) ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null)) return value;
  throw read.refuse(key, `must be a list of objects, but is ${show(value)}`, 'Pass objects in the format of the Machines API.');
}

function readMetadata(read: OptionReader): Record<string, string> {
  const value = read.raw('metadata') ?? {};
  const inner = new OptionReader(value, 'FlyBackend.metadata');
  return Object.fromEntries(
    Object.keys(value).map((key) => {
      if (managed.includes(key)) throw inner.refuse(key, 'would let fly deploy manage the runners', 'Omit it.');
      return [key, inner.text(key)];
    }),
  );
}

function readInit(read: OptionReader): FlyBackendOptions['init'] {
  if (read.raw('init') === undefined) return undefined;
  const inner = new OptionReader(read.raw('init'), 'FlyBackend.init');
  const example = "['node', 'dist/main.js']";
  const init = {
    cmd: inner.texts('cmd', example),
    entrypoint: inner.texts('entrypoint', example),
    exec: inner.texts('exec', example),
    kernelArgs: inner.texts('kernelArgs', "['quiet']"),
    swapSizeMb: inner.raw('swapSizeMb') === undefined ? undefined : inner.count('swapSizeMb', 1),
    tty: inner.flag('tty', false),
  };
  inner.done();
  return init;
}
