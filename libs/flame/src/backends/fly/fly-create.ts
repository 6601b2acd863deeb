import type { BootRequest } from '../backend.js';
import type { FlySettings } from './fly-options.js';
import { flyMetadata } from './fly-orphans.js';
import type { FlyOrigin } from './fly-orphans.js';
import { remoteEnv } from '../launch/runner-env.js';

/** What Fly itself says to each machine. */
const ofFly = /^(FLY_.*|PRIMARY_REGION)$/;

/** What a boot knows beside its settings. */
export interface FlyBoot {
  readonly flameParent: string;
  /** Where this parent is. */
  readonly origin: FlyOrigin | undefined;
}

/** The body of `POST /apps/{app}/machines`: https://fly.io/docs/machines/api/machines-resource/#create-a-machine */
export function flyCreateBody(
  { image, options }: FlySettings,
  region: string,
  order: BootRequest,
  { flameParent, origin }: FlyBoot,
): object {
  const { init, cpuKind, cpus, memoryMb, services, mounts, metadata, environment } = options;
  return {
    name: order.runner,
    region,
    config: {
      image,
      env: remoteEnv(environment, flameParent, ofFly),
      ...(init && {
        init: {
          cmd: init.cmd,
          entrypoint: init.entrypoint,
          exec: init.exec,
          kernel_args: init.kernelArgs,
          swap_size_mb: init.swapSizeMb,
          tty: init.tty,
        },
      }),
      guest: { cpu_kind: cpuKind, cpus, memory_mb: memoryMb },
      // A runner that has ended is of no use: it would not get in a second time.
      auto_destroy: true,
      restart: { policy: 'no' },
      services,
      mounts,
      metadata: { ...metadata, ...flyMetadata(order, origin) },
      // In nanoseconds. For whoever stops a machine but its parent, who says it each time.
      stop_config: { signal: 'SIGTERM', timeout: Math.min(order.shutdownTimeout, 300_000) * 1_000_000 },
    },
  };
}
