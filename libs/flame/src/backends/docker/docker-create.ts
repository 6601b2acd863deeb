import { randomBytes } from 'node:crypto';
import type { ContainerCreateOptions } from 'dockerode';
import type { BootRequest } from '../backend.js';
import { homeLabels } from './docker-orphans.js';
import type { ParentHome } from './docker-orphans.js';
import type { DockerConfig } from './docker-options.js';
import { labelPrefix } from './docker-options.js';
import { hostAlias } from './docker-place.js';
import type { DockerPlace } from './docker-place.js';
import { machineLabels } from '../platform/machine-labels.js';
import { remoteEnv } from '../launch/runner-env.js';

/**
 * What the engine is told to make. The user's `hostConfig` stands above the defaults and below the options that have a name of their own.
 */
export function containerSpec(
  config: DockerConfig,
  place: DockerPlace,
  home: ParentHome,
  order: Pick<BootRequest, 'parent' | 'pool' | 'runner' | 'shutdownTimeout'>,
  flameParent: string,
): ContainerCreateOptions {
  const host = hostname(order.runner);
  const env = remoteEnv({ ...config, env: { [config.runnerHostnameEnv]: host, ...config.env } }, flameParent);
  const { ExtraHosts = [], ...hostConfig } = config.hostConfig as { ExtraHosts?: string[] };
  // The network of the host has a hosts file and a name of its own.
  const own = place.network === 'host' ? {} : { Hostname: host };
  return {
    // An engine has each name once, and what another parent left may still be there.
    name: `flame-${host}-${randomBytes(3).toString('hex')}`,
    ...own,
    ...place.start,
    Image: place.image,
    ...(config.cmd && { Cmd: [...config.cmd] }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Labels: {
      ...config.labels,
      ...machineLabels(order, labelPrefix),
      [homeLabels.process]: home.process,
      [homeLabels.container]: home.container,
      [homeLabels.keep]: String(config.keepRunners),
    },
    StopSignal: 'SIGTERM',
    // For those who stop it behind our back; Infinity has no number there.
    ...(order.shutdownTimeout < 2 ** 31 && { StopTimeout: Math.ceil(order.shutdownTimeout / 1_000) }),
    HostConfig: {
      // It reaps what handlers leave behind, hands on signals, and lets the runner be killed by them.
      Init: true,
      ...hostConfig,
      ExtraHosts: place.parentHost === hostAlias ? [...ExtraHosts, `${hostAlias}:host-gateway`] : ExtraHosts,
      NetworkMode: place.network,
      Mounts: config.mounts as never,
      // Without swap on top of it: a limit is a limit.
      ...(config.memory !== undefined && { Memory: config.memory, MemorySwap: config.memory }),
      ...(config.cpus !== undefined && { NanoCpus: Math.round(config.cpus * 1e9) }),
      ...(config.gpus !== undefined && {
        DeviceRequests: [{ Driver: '', Count: config.gpus === 'all' ? -1 : config.gpus, Capabilities: [['gpu']] }],
      }),
    },
  };
}

/** A runner's id, which begins with its pool's name, as a host name. */
function hostname(runner: string): string {
  const text = runner.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-');
  return text.slice(-50).replaceAll(/^-+|-+$/g, '') || 'runner';
}
