import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type Docker from 'dockerode';
import { FlameError } from '../../core/errors/flame-error.js';
import { importPeer } from '../../core/optional-peer.js';
import type { FlameLog } from '../../core/flame-log.js';
import { PlatformRequests } from '../platform/platform-requests.js';
import type { RequestRules } from '../platform/platform-requests.js';
import { statusOf, wordsOf } from './docker-failure.js';
import type { DockerConfig } from './docker-options.js';

/** A Docker Engine that is reachable. */
export interface DockerEngine {
  readonly requests: PlatformRequests;
  /** Sends one request with a limit. `send` gets a client for this request only, whose connection ends with the limit. */
  ask<T>(what: string, send: (docker: Docker) => Promise<T>, rules?: RequestRules): Promise<T>;
  /** Sends a request that the engine answers when an event happens. Resolves to undefined if there is no event for `time` milliseconds. */
  poll<T>(what: string, send: (docker: Docker) => Promise<T>, time: number, signal: AbortSignal): Promise<T | undefined>;
  /** The address of the engine, for people. */
  readonly address: string;
  /** Whether the engine runs on this host. */
  readonly onThisHost: boolean;
  /** The engine's version, and the version of its API that this client uses. */
  readonly version: string;
  readonly api: string;
}

/**
 * Connects to the engine at `dockerSocketPath`, else at `DOCKER_HOST`, else at the operating system's default address, and negotiates the
 * API version: engines refuse versions that are newer than their own or too old.
 *
 * @throws {FlameError} FLAME_CONFIG when dockerode is not installed, or no engine answers.
 */
export async function connectDocker({ dockerSocketPath: socketPath, requestTimeout }: DockerConfig, log: FlameLog): Promise<DockerEngine> {
  const { default: Client } = await importPeer('DockerBackend', 'dockerode', () => import('dockerode'));
  const where = socketPath === undefined ? {} : { socketPath, host: undefined };
  const address =
    socketPath ?? process.env['DOCKER_HOST'] ?? (process.platform === 'win32' ? '//./pipe/docker_engine' : '/var/run/docker.sock');
  const requests = new PlatformRequests({
    backend: 'docker',
    api: `the Docker Engine at ${address}`,
    requestTimeout,
    log,
    statusOf,
  });
  try {
    const first = clientFor(Client, where);
    const { ApiVersion: api, Version: version } = await requests.send(
      'get its version',
      first((docker) => docker.version()),
      { repeat: true },
    );
    const client = clientFor(Client, { ...where, version: `v${api}` });
    const ask: DockerEngine['ask'] = (what, send, rules) => requests.send(what, client(send), rules);
    const poll: DockerEngine['poll'] = (what, send, time, signal) => requests.poll(what, client(send), time, signal);
    return { requests, ask, poll, address, onThisHost: isOnThisHost(address), version, api };
  } catch (error) {
    throw new FlameError(
      'FLAME_CONFIG',
      `DockerBackend cannot reach a Docker Engine at ${address}: ${wordsOf(error)}. Start it, mount its socket into this container, or set DOCKER_HOST or dockerSocketPath.`,
      { cause: error },
    );
  }
}

/**
 * Gives each request a client with its own connections, which end with the request's signal. dockerode's own signal option is not declared
 * for all methods, and docker-modem calls no callback if an answer breaks off.
 */
function clientFor(
  Client: typeof Docker,
  options: Docker.DockerOptions,
): <T>(send: (docker: Docker) => Promise<T>) => (signal: AbortSignal) => Promise<T> {
  const { protocol } = new Client(options).modem as { protocol?: string };
  return (send) => (signal) => {
    const agent = protocol === 'https' ? new HttpsAgent() : new HttpAgent();
    signal.addEventListener('abort', () => agent.destroy(), { once: true });
    return send(new Client({ ...options, agent } as Docker.DockerOptions));
  };
}

function isOnThisHost(address: string): boolean {
  const [, host] = /^\w+:\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/]+)/.exec(address) ?? [];
  return host === undefined || address.startsWith('unix:') || address.startsWith('npipe:') || /^(localhost|127\.|\[::1\])/.test(host);
}
