import { randomBytes } from 'node:crypto';
import type { ContainerCreateOptions } from 'dockerode';
import type { BootRequest } from '../backend.js';
import { homeLabels } from './docker-orphans.js';
import type { ParentHome } from './docker-orphans.js';
import type { DockerConfig } from './docker-options.js';
import { labelPrefix } from './docker-options.js';
import { hostAlias } from './container-settings.js';
import type { ContainerSettings } from './container-settings.js';
import { machineLabels } from '../platform/machine-labels.js';
import { loaderCommand } from '../ship/loader-command.js';
import { remoteEnv } from '../launch/runner-env.js';

/**
 * The options for creating a container. The user's `hostConfig` overrides the defaults; options with a name of their own override
 * `hostConfig`.
 */
export function containerSpec(
  config: DockerConfig,
  settings: ContainerSettings,
  home: ParentHome,
  request: Pick<BootRequest, 'parent' | 'pool' | 'runner' | 'shutdownTimeout'>,
  flameParent: string,
): ContainerCreateOptions {
  const host = hostname(request.runner);
  const env = remoteEnv({ ...config, env: { [config.runnerHostnameEnv]: host, ...config.env } }, flameParent);
  const { ExtraHosts = [], ...hostConfig } = config.hostConfig as { ExtraHosts?: string[] };
  // A container on the host's network uses the host's name and hosts file.
  const own = settings.network === 'host' ? {} : { Hostname: host };
  return {
    // Names are unique within an engine, and a container of another parent may still have the name without a suffix.
    name: `flame-${host}-${randomBytes(3).toString('hex')}`,
    ...own,
    ...(config.shipCode ? { Entrypoint: [], Cmd: [...loaderCommand()] } : settings.start),
    Image: settings.image,
    ...(config.cmd && { Cmd: [...config.cmd] }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Labels: {
      ...config.labels,
      ...machineLabels(request, labelPrefix),
      [homeLabels.process]: home.process,
      [homeLabels.container]: home.container,
      [homeLabels.keep]: String(config.keepRunners),
    },
    StopSignal: 'SIGTERM',
    // For stops that do not come from the parent. The engine has no number for Infinity.
    ...(request.shutdownTimeout < 2 ** 31 && { StopTimeout: Math.ceil(request.shutdownTimeout / 1_000) }),
    HostConfig: {
      // The init process reaps orphaned processes of handlers, forwards signals, and allows signals to kill the runner.
      Init: true,
      ...hostConfig,
      ExtraHosts: settings.parentHost === hostAlias ? [...ExtraHosts, `${hostAlias}:host-gateway`] : ExtraHosts,
      NetworkMode: settings.network,
      Mounts: config.mounts as never,
      // The same value as the memory limit means no additional swap.
      ...(config.memory !== undefined && { Memory: config.memory, MemorySwap: config.memory }),
      ...(config.cpus !== undefined && { NanoCpus: Math.round(config.cpus * 1e9) }),
      ...(config.gpus !== undefined && {
        DeviceRequests: [{ Driver: '', Count: config.gpus === 'all' ? -1 : config.gpus, Capabilities: [['gpu']] }],
      }),
    },
  };
}

/** Converts a runner's id, which begins with its pool's name, to a host name. */
function hostname(runner: string): string {
  const text = runner.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-');
  return text.slice(-50).replaceAll(/^-+|-+$/g, '') || 'runner';
}
