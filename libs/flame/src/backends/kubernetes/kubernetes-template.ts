import type { V1Container, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import type { OwnPod } from './kubernetes-cluster.js';

/** What the cluster or the pod's own name brought in; a new pod gets its own. `priority` comes with its class again. */
const ofThatPod = ['nodeName', 'hostname', 'subdomain', 'setHostnameAsFQDN', 'priority', 'preemptionPolicy', 'overhead', 'schedulingGates'];
/** What is about serving, which a runner does not. A hook before the stop, made for load balancers, would only keep it. */
const ofServing = ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'ports'];

/**
 * What runners' pods are made like: the parent's own pod, without what belongs to that pod alone. It keeps none of the parent's labels: Services select by
 * them, and would send requests to runners, and ReplicaSets, and would take runners for replicas of theirs. Of the containers only the app's stays: sidecars
 * would keep a pod alive whose runner has ended, and init containers are for what a deploy does once.
 */
export function podTemplate(own: OwnPod | undefined): V1Pod {
  if (own === undefined) return { spec: { containers: [] } };
  const { spec } = structuredClone(JSON.parse(JSON.stringify(own.pod)) as V1Pod);
  const app = withoutKeys(
    spec!.containers.find(({ name }) => name === own.container)!,
    ofServing,
  );
  const volumes = (spec!.volumes ?? []).filter(({ name }) => !isTokenVolume(name));
  const volumeMounts = (app.volumeMounts ?? []).filter(({ name }) => volumes.some((volume) => volume.name === name));
  const { initContainers: _, ephemeralContainers: __, ...rest } = withoutKeys(spec!, ofThatPod) as V1PodSpec;
  return {
    spec: {
      ...rest,
      containers: [{ ...app, volumeMounts }],
      volumes: volumes.filter(({ name }) => volumeMounts.some((mount) => mount.name === name)),
    },
  };
}

/** The service account's token, which the cluster mounts into every pod that wants it. Its name was another one before Kubernetes 1.21. */
function isTokenVolume(name: string): boolean {
  return /^kube-api-access-[a-z0-9]+$/.test(name) || /-token-[a-z0-9]{5}$/.test(name);
}

function withoutKeys<T extends V1Container | V1PodSpec>(object: T, keys: readonly string[]): T {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key))) as unknown as T;
}
