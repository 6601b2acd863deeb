import type Docker from 'dockerode';
import { FlameError } from '../../core/flame-error.js';
import { importPeer } from '../../core/optional-peer.js';
import { wordsOf } from './docker-failure.js';

/** A Docker Engine that answers. */
export interface DockerEngine {
  readonly docker: Docker;
  /** Where it was reached, for people. */
  readonly address: string;
  /** Whether it runs on this very host. */
  readonly onThisHost: boolean;
  /** Its version, and that of the API that is spoken with it. */
  readonly version: string;
  readonly api: string;
}

/**
 * Connects to the engine at this socket, else at `DOCKER_HOST`, else where the operating system has it, and agrees on a version: engines refuse what is
 * newer than they are, and what is too old.
 *
 * @throws {FlameError} FLAME_CONFIG when dockerode is not installed, or no engine answers.
 */
export async function connectDocker(socketPath?: string): Promise<DockerEngine> {
  const { default: Client } = await importPeer('DockerBackend', 'dockerode', () => import('dockerode'));
  const where = socketPath === undefined ? {} : { socketPath, host: undefined };
  const address =
    socketPath ?? process.env['DOCKER_HOST'] ?? (process.platform === 'win32' ? '//./pipe/docker_engine' : '/var/run/docker.sock');
  try {
    const { ApiVersion: api, Version: version } = await new Client(where).version();
    return { docker: new Client({ ...where, version: `v${api}` }), address, onThisHost: isOnThisHost(address), version, api };
  } catch (error) {
    throw new FlameError(
      'FLAME_CONFIG',
      `DockerBackend reaches no Docker Engine at ${address}: ${wordsOf(error)}. Start it, mount its socket into this container, or set DOCKER_HOST or dockerSocketPath.`,
      { cause: error },
    );
  }
}

function isOnThisHost(address: string): boolean {
  const [, host] = /^\w+:\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/]+)/.exec(address) ?? [];
  return host === undefined || address.startsWith('unix:') || address.startsWith('npipe:') || /^(localhost|127\.|\[::1\])/.test(host);
}
