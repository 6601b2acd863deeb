import { networkInterfaces } from 'node:os';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import type { ShippedPlatform, ShippedStart } from './shipped-platform.js';

/** Of this run alone: one that was killed may have left its own. */
const namespace = `flame-demo-${process.pid}`;

/** A namespace on the cluster that kubectl speaks to. The app is outside of it, and pods reach it at DEMO_PARENT_HOST. */
export async function shippedKubernetes({ image, store, cache }: ShippedStart): Promise<ShippedPlatform> {
  const config = new KubeConfig();
  config.loadFromDefault();
  const core = config.makeApiClient(CoreV1Api);
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  const host = process.env.DEMO_PARENT_HOST ?? ownAddress();
  return {
    name: 'Kubernetes',
    unit: 'pod',
    env: {
      DEMO_BACKEND: 'kubernetes-shipped',
      DEMO_IMAGE: image,
      DEMO_NAMESPACE: namespace,
      DEMO_PARENT_HOST: host,
      DEMO_CACHE: cache,
      VIDEO_STORE: store,
    },
    async runners() {
      const { items } = await core.listNamespacedPod({ namespace, labelSelector: 'nestjs-flame/pool=ffmpeg' });
      return items.map(({ metadata }) => metadata!.name!);
    },
    async [Symbol.asyncDispose]() {
      await core.deleteNamespace({ name: namespace });
    },
  };
}

/** The first address of this host that other machines may reach. */
function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!found) throw new Error('this host has no address that pods could reach: set DEMO_PARENT_HOST');
  return found.address;
}
