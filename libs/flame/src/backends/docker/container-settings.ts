import type { ContainerInspectInfo, NetworkInspectInfo } from 'dockerode';
import { badOption } from '../../core/options/option-reader.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { DockerEngine } from './docker-api.js';
import { statusOf, wordsOf } from './docker-failure.js';
import type { DockerConfig } from './docker-options.js';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** The name under which containers reach their host. The engine writes it into their hosts file. */
export const hostAlias = 'host.docker.internal';

/** The image and the network of runners. */
export interface ContainerSettings {
  readonly image: string;
  /** How the parent's own container was started, if runners start in the same way. */
  readonly start: Pick<ContainerInspectInfo['Config'], 'Cmd' | 'Entrypoint' | 'WorkingDir' | 'User'> | undefined;
  readonly network: string;
  /** The name or address under which runners reach the parent. */
  readonly parentHost: string;
}

/**
 * Completes the options with data from the engine and from the parent's own container.
 *
 * @throws {FlameError} FLAME_CONFIG that names the option that is missing or wrong.
 */
export async function findSettings(
  config: DockerConfig,
  engine: DockerEngine,
  own: ContainerInspectInfo | undefined,
): Promise<ContainerSettings> {
  const image = config.image ?? own?.Image;
  if (image === undefined)
    throw badOption(
      'DockerBackend.image',
      'is missing, and the parent runs outside of a container, so there is no image to take over',
      'Set it to the image that holds this app.',
    );
  const network = config.network ?? ownNetwork(own);
  if (network === undefined)
    throw badOption(
      'DockerBackend.network',
      'is missing, and the parent runs outside of a container, so there is no network to take over',
      'Pass the name of a network; create one with: docker network create flame',
    );
  const start = config.image === undefined && own !== undefined ? startOf(own) : undefined;
  const settings = { image, start, network };
  if (config.parentHostname !== undefined) return { ...settings, parentHost: config.parentHostname };
  const parentHost = own === undefined ? await hostOf(network, engine) : ownHost(network, own);
  return { ...settings, parentHost };
}

/** Only what runners share with the parent. Its name, ports and variables belong to its container alone. */
function startOf({ Config: { Cmd, Entrypoint, WorkingDir, User } }: ContainerInspectInfo): ContainerSettings['start'] {
  return { Cmd, Entrypoint, WorkingDir, User };
}

/** Prefers a user-defined network, because the default one does not resolve names. */
function ownNetwork(own: ContainerInspectInfo | undefined): string | undefined {
  const names = Object.keys(own?.NetworkSettings.Networks ?? {});
  return names.find((name) => name !== 'bridge') ?? names[0];
}

/**
 * The parent's host name on the network. A name is preferred to the address if the network resolves names, because the address may change.
 */
function ownHost(network: string, own: ContainerInspectInfo): string {
  const ends = own.NetworkSettings.Networks as Readonly<
    Record<string, { Aliases?: string[] | null; DNSNames?: string[] | null; IPAddress: string }>
  >;
  const end = ends[network];
  if (end === undefined) {
    throw badOption(
      'DockerBackend.network',
      `is "${network}", but the parent's own container is not in that network. It is in: ${Object.keys(ends).join(', ') || 'none'}`,
      "Connect the container to it, name one of the container's networks, or set parentHostname.",
    );
  }
  if (network === 'host') return '127.0.0.1';
  const names = [...(end.Aliases ?? []), ...(end.DNSNames ?? [])];
  return names.find((name) => own.Id.startsWith(name)) ?? end.IPAddress;
}

/** The host name under which containers on the network reach this host. */
async function hostOf(name: string, engine: DockerEngine): Promise<string> {
  const network = await inspectNetwork(name, engine);
  if (!engine.onThisHost)
    throw badOption(
      'DockerBackend.parentHostname',
      `is missing: the engine at ${engine.address} is on another host`,
      'Set it to the host name or address under which containers reach this process.',
    );
  if (network.Driver === 'host') return '127.0.0.1';
  const gateway = network.IPAM?.Config?.find(({ Gateway }) => Gateway)?.Gateway;
  return network.Internal && gateway ? gateway : hostAlias;
}

async function inspectNetwork(name: string, { ask, address }: DockerEngine): Promise<NetworkInspectInfo> {
  try {
    return await ask(`inspect network ${name}`, async (docker) => docker.getNetwork(name).inspect(), { repeat: true });
  } catch (error) {
    if (statusOf(error) !== 404)
      throw new FlameError(
        'FLAME_CONFIG',
        `DockerBackend cannot look up the network "${name}" at the engine ${address}: ${wordsOf(error)}`,
      );
    throw badOption(
      'DockerBackend.network',
      `is "${name}", but the engine at ${address} has no such network (${wordsOf(error)})`,
      `Create it with: docker network create ${name}`,
    );
  }
}

/** Matches a file that the engine mounts into every container from the container's own folder. */
const ownFile = /\/([0-9a-f]{64})\/\S+ \/etc\/(?:hostname|hosts|resolv\.conf) /;

/** The container of this process; undefined if it does not run in a container of this engine. */
export async function findOwnContainer({ ask }: DockerEngine): Promise<ContainerInspectInfo | undefined> {
  const id = ownContainerId();
  if (id === undefined) return undefined;
  try {
    return await ask(`inspect container ${id}`, (docker) => docker.getContainer(id).inspect(), { repeat: true });
  } catch (error) {
    // The container belongs to another engine.
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** Reads the id from the mounts, or else from the host name, which by default is the beginning of the id. */
export function ownContainerId(mounts = readMounts(), host = hostname()): string | undefined {
  return ownFile.exec(mounts)?.[1] ?? (/^[0-9a-f]{12}$/.test(host) ? host : undefined);
}

/** See proc(5): "… root mount-point …". */
function readMounts(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}
