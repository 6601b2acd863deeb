import type { BootRequest } from '../backend.js';
import type { FlySettings } from './fly-options.js';
import { flyMetadata } from './fly-orphans.js';
import type { FlyOrigin } from './fly-orphans.js';
import { loaderCommand } from '../ship/loader-command.js';
import { remoteEnv } from '../launch/runner-env.js';

/** Variables that Fly itself sets on each machine. */
const ofFly = /^(FLY_.*|PRIMARY_REGION)$/;

/** Values of one boot. */
export interface FlyBoot {
  readonly flameParent: string;
  /** The location of the parent. */
  readonly origin: FlyOrigin | undefined;
}

/** The body of `POST /apps/{app}/machines`: https://fly.io/docs/machines/api/machines-resource/#create-a-machine */
export function flyCreateBody(
  { image, options }: FlySettings,
  region: string,
  request: BootRequest,
  { flameParent, origin }: FlyBoot,
): object {
  const { init, cpuKind, cpus, memoryMb, services, mounts, metadata, environment } = options;
  return {
    name: request.runner,
    region,
    config: {
      image,
      env: remoteEnv(environment, flameParent, ofFly),
      ...((init || options.shipCode) && {
        init: {
          ...(options.shipCode ? { exec: loaderCommand() } : { cmd: init?.cmd, entrypoint: init?.entrypoint, exec: init?.exec }),
          kernel_args: init?.kernelArgs,
          swap_size_mb: init?.swapSizeMb,
          tty: init?.tty,
        },
      }),
      guest: { cpu_kind: cpuKind, cpus, memory_mb: memoryMb },
      // An ended runner cannot be restarted: its token is single-use.
      auto_destroy: true,
      restart: { policy: 'no' },
      services,
      mounts,
      metadata: { ...metadata, ...flyMetadata(request, origin) },
      // In nanoseconds. It applies to stops that do not come from the parent: the parent gives the time with each stop.
      stop_config: { signal: 'SIGTERM', timeout: Math.min(request.shutdownTimeout, 300_000) * 1_000_000 },
    },
  };
}
