import { availableParallelism } from 'node:os';
import { OptionReader, badOption, show } from '../../core/options/option-reader.js';
import { readEnvOptions } from '../launch/env-options.js';
import type { EnvOptions } from '../launch/env-options.js';
import { readRequestTimeout } from '../platform/platform-requests.js';
import type { RequestOptions } from '../platform/platform-requests.js';
import type { EnvRules } from '../launch/runner-env.js';

/**
 * What a FlyBackend can be told. On a Fly Machine that was deployed with `fly deploy` only `token` is missing, and a secret named
 * `FLY_API_TOKEN` gives that.
 */
export interface FlyBackendOptions extends EnvOptions, RequestOptions {
  /**
   * The Fly app in which runners are made.
   *
   * @default FLY_APP_NAME
   */
  app?: string;
  /**
   * Where runners are made at first.
   *
   * @default FLY_REGION, the parent's own
   */
  region?: string;
  /**
   * Where to go, in this order, when `region` has no room.
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
   * What the Machines API lets us in with: `fly tokens create deploy`. It is shown nowhere.
   *
   * @default FLY_API_TOKEN
   */
  token?: string;
  /**
   * The Machines API. Within Fly's private network `http://_api.internal:4280` is nearer.
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
  /** How a machine starts, where the image's own command will not do. */
  init?: {
    cmd?: readonly string[];
    entrypoint?: readonly string[];
    exec?: readonly string[];
    kernelArgs?: readonly string[];
    swapSizeMb?: number;
    tty?: boolean;
  };
  /**
   * `'performance'` for CPUs of its own, `'shared'` for a share of them.
   *
   * @default 'performance'
   */
  cpuKind?: string;
  /**
   * CPUs of a runner.
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
   * Time that the platform may take to start a machine, in milliseconds; the pool's own `bootTimeout`, which the app's boot counts in,
   * ends it in any case.
   *
   * @default Infinity
   */
  bootTimeout?: number;
  /**
   * Services of a runner, in the words of the Machines API. A runner serves no HTTP, so it hardly ever has any.
   *
   * @default []
   */
  services?: readonly object[];
  /**
   * Metadata of the machine beside our own. What would make it one that `fly deploy` manages is refused.
   *
   * @default {}
   */
  metadata?: Readonly<Record<string, string>>;
  /**
   * Volumes, in the words of the Machines API: `{ volume: 'vol_…', path: '/data' }`. Fly lets one machine have a volume at a time.
   *
   * @default []
   */
  mounts?: readonly { readonly path: string }[];
}

/** The defaults, as the options document them; a test compares the two. */
export const flyDefaults = { cpuKind: 'performance', memoryMb: 4096, bootTimeout: Infinity } as const;

/** The options as they were given, checked one by one. What the environment gives is filled in by `settle`. */
export type FlyOptions = Omit<FlyBackendOptions, keyof EnvOptions> & { readonly environment: EnvRules };

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

/** With these, `fly deploy` would take runners for machines of its own, and replace or stop them. */
const managed = ['fly_process_group', 'fly_platform_version'];

/** @throws {FlameError} FLAME_CONFIG that names the option and the fix. */
export function checkFlyOptions(options: unknown): FlyOptions {
  const read = new OptionReader(options, 'FlyBackend');
  const cpuKind = read.raw('cpuKind') === undefined ? flyDefaults.cpuKind : read.text('cpuKind');
  const checked: FlyOptions = {
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
    environment: readEnvOptions(read, 'none'),
  };
  for (const [place, mount] of checked.mounts!.entries()) new OptionReader(mount, `FlyBackend.mounts[${place}]`).text('path');
  read.done();
  return checked;
}

/** What the environment has to give beside the options. @throws {FlameError} FLAME_CONFIG that names the option and the variable. */
export function settle(options: FlyOptions, env: NodeJS.ProcessEnv = process.env): FlySettings {
  const need = (key: 'app' | 'region' | 'image' | 'token' | 'parentHostname', variable: string, what: string): string => {
    const value = options[key] ?? env[variable]?.trim();
    if (value) return value;
    throw badOption(`FlyBackend.${key}`, `is missing, and ${variable} is not set`, `Give ${what}; on a Fly Machine ${variable} says it.`);
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

/** Its value is shown in no error. */
function readToken(read: OptionReader): string | undefined {
  const value = read.raw('token');
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  throw read.refuse('token', `must be a non-empty string, but is of type ${typeof value}`, 'Give it as a string, or set FLY_API_TOKEN.');
}

function readHost(read: OptionReader): string | undefined {
  const host = read.optionalText('host');
  if (host === undefined || /^https?:\/\/[^/]+\/?$/.test(host)) return host;
  throw read.refuse('host', `must be a URL without a path, but is ${show(host)}`, "Give for example 'http://_api.internal:4280'.");
}

function readMemory(read: OptionReader, cpuKind: string): number {
  const memory = read.count('memoryMb', 256, flyDefaults.memoryMb);
  const unit = cpuKind === 'performance' ? 1_024 : 256;
  if (memory % unit === 0) return memory;
  const least = Math.ceil(memory / unit) * unit;
  throw read.refuse('memoryMb', `must be a multiple of ${unit} for ${cpuKind} CPUs, but is ${memory}`, `Give for example ${least}.`);
}

function readObjects(read: OptionReader, key: string): object[] {
  const value = read.raw(key) ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null)) return value;
  throw read.refuse(key, `must be a list of objects, but is ${show(value)}`, 'Give them in the words of the Machines API.');
}

function readMetadata(read: OptionReader): Record<string, string> {
  const value = read.raw('metadata') ?? {};
  const inner = new OptionReader(value, 'FlyBackend.metadata');
  return Object.fromEntries(
    Object.keys(value).map((key) => {
      if (managed.includes(key)) throw inner.refuse(key, 'would hand runners over to fly deploy', 'Leave it out.');
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
