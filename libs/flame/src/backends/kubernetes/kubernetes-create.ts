import { randomBytes } from 'node:crypto';
import type { V1EnvVar, V1OwnerReference, V1Pod, V1Secret, V1Container, V1PodSpec } from '@kubernetes/client-node';
import { BootError } from '../../core/errors/boot-error.js';
import type { BootRequest } from '../backend.js';
import type { KubernetesConfig } from './kubernetes-options.js';
import { machineLabels } from '../platform/machine-labels.js';
import { loaderCommand } from '../ship/loader-command.js';
import { remoteEnv } from '../launch/runner-env.js';
import type { OwnPod } from './kubernetes-api.js';

/** The prefix of the backend's own labels and annotations. */
export const labelPrefix = 'nestjs-flame/';
/** Annotations that identify a parent, so that another parent can find out whether it still runs. */
export const homeAnnotations = {
  process: `${labelPrefix}parent-process`,
  pod: `${labelPrefix}parent-pod`,
  container: `${labelPrefix}parent-container`,
} as const;

/** Kubernetes' variables for services, and the variables that identify a pod. */
const ofAPod = /^(KUBERNETES_.*|POD_NAME|POD_NAMESPACE|POD_IP|POD_UID|.*_SERVICE_(HOST|PORT.*)|.*_PORT(_\d+_.*)?)$/;

/** The parts from which a runner's pod is made. */
export interface PodPlan {
  readonly config: KubernetesConfig;
  readonly template: V1Pod;
  /** The container in which the app runs. */
  readonly container: string | undefined;
  readonly owner: V1OwnerReference | undefined;
  readonly home: Readonly<Record<keyof typeof homeAnnotations, string>>;
}

/**
 * The pod for one runner. Its Secret has the same name. Later values win, in this order: defaults, manifest, env, values that a runner
 * requires.
 */
export function podManifest(
  { config, template, container, owner, home }: PodPlan,
  request: Pick<BootRequest, 'parent' | 'pool' | 'runner' | 'shutdownTimeout'>,
): V1Pod {
  const name = podName(request.runner);
  const defaults = mergeManifest<V1Pod>(template, {
    metadata: { annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' } },
    spec: {
      automountServiceAccountToken: false,
      // Otherwise the runner would be process 1. Then it could not kill itself with a signal, not even if its event loop is blocked, and no
      // process would reap the orphaned processes of its handlers.
      shareProcessNamespace: true,
    },
  });
  const { manifest } = config;
  const asked = typeof manifest === 'function' ? manifest(structuredClone(defaults)) : mergeManifest(defaults, manifest);
  const containers = asked?.spec?.containers ?? [];
  const app = containers.find((one) => one.name === container) ?? (containers.length === 1 ? containers[0] : undefined);
  if (!app?.image) {
    const names = containers.map((one) => one.name).join(', ') || 'none';
    throw new BootError(
      `kubernetes: KubernetesBackend.manifest has no app container with an image (its containers: ${names}). Set it to { spec: { containers: [{ name: 'app', image: 'app:1' }] } }, and appContainerName if the pod has several containers.`,
      { phase: 'create', fatal: true },
    );
  }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...asked.metadata,
      name,
      labels: {
        'app.kubernetes.io/managed-by': 'nestjs-flame',
        ...asked.metadata?.labels,
        ...podLabels(request),
      },
      annotations: {
        ...asked.metadata?.annotations,
        // A label's value can only have 63 characters from a restricted set.
        [`${labelPrefix}pool`]: request.pool,
        ...Object.fromEntries(Object.entries(homeAnnotations).map(([key, annotation]) => [annotation, home[key as keyof typeof home]])),
      },
      ownerReferences: owner === undefined ? [] : [owner],
    },
    spec: {
      ...asked.spec!,
      ...(config.serviceAccountName !== undefined && { serviceAccountName: config.serviceAccountName, serviceAccount: undefined }),
      ...(config.activeDeadlineSeconds !== undefined && { activeDeadlineSeconds: config.activeDeadlineSeconds }),
      // Kubernetes has no number for Infinity, so the limit is a year.
      terminationGracePeriodSeconds: Math.min(Math.ceil(request.shutdownTimeout / 1_000), 31_536_000),
      restartPolicy: 'Never',
      containers: containers.map((one) =>
        one === app
          ? {
              ...one,
              ...(config.shipCode && { command: [...loaderCommand()], args: [] }),
              env: variables(one.env ?? [], config, name),
              ...(config.resources && { resources: config.resources }),
            }
          : one,
      ),
    },
  };
}

/** The Secret of an existing pod, which owns it, so that the cluster removes both together. */
export function podSecret(pod: V1Pod, flameParent: string, { secretEnv }: Pick<KubernetesConfig, 'secretEnv'>): V1Secret {
  const { name, uid, labels } = pod.metadata!;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, labels, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: name!, uid: uid! }] },
    stringData: { ...secretEnv, FLAME_PARENT: flameParent },
  };
}

/** The backend's own labels. A value has at most 63 characters from a restricted set. */
export function podLabels(request: Pick<BootRequest, 'parent' | 'pool' | 'runner'>): Record<string, string> {
  return Object.fromEntries(Object.entries(machineLabels(request, labelPrefix)).map(([key, value]) => [key, labelValue(value)]));
}

/** The name of the app's container in a pod: the container that reads the Secret. */
export function appContainerOf(pod: V1Pod): string {
  return pod.spec!.containers.find(({ env }) => env?.some((one) => one.name === 'FLAME_PARENT'))!.name;
}

function variables(under: readonly V1EnvVar[], config: KubernetesConfig, secret: string): V1EnvVar[] {
  const plain = remoteEnv(config, '', ofAPod);
  delete plain.FLAME_PARENT;
  const taken = Object.keys(config.env).filter((name) => config.env[name] === undefined);
  const own = [
    ...Object.entries(plain).map(([name, value]) => ({ name, value })),
    ...[...Object.keys(config.secretEnv), 'FLAME_PARENT'].map((key) => ({
      name: key,
      valueFrom: { secretKeyRef: { name: secret, key } },
    })),
  ];
  return mergeManifest<V1EnvVar[]>(
    under.filter(({ name }) => !taken.includes(name)),
    own,
  );
}

function podName(runner: string): string {
  const text = runner.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-');
  return `flame-${text.slice(-45).replaceAll(/^-+|-+$/g, '') || 'runner'}-${randomBytes(3).toString('hex')}`;
}

function labelValue(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9_.-]/g, '-')
    .slice(-63)
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}

/** Fields that the cluster set, or that depend on the pod's name. Each new pod gets its own. `priority` follows from its class. */
const ofThatPod = ['nodeName', 'hostname', 'subdomain', 'setHostnameAsFQDN', 'priority', 'preemptionPolicy', 'overhead', 'schedulingGates'];
/** Fields for serving requests, which a runner does not do. A pre-stop hook for load balancers would only delay its end. */
const ofServing = ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'ports'];

/**
 * The template of runners' pods: the parent's own pod, without the fields that belong to that pod alone. The template has none of the
 * parent's labels. Otherwise Services would send requests to runners, and ReplicaSets would count them as replicas. It contains only the
 * app's container: a sidecar would keep the pod alive after its runner has ended, and init containers do work that a deploy needs once.
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

/**
 * Whether a volume holds the service account's token, which the cluster mounts by itself. Kubernetes before 1.21 uses the second name.
 */
function isTokenVolume(name: string): boolean {
  return /^kube-api-access-[a-z0-9]+$/.test(name) || /-token-[a-z0-9]{5}$/.test(name);
}

function withoutKeys<T extends V1Container | V1PodSpec>(object: T, keys: readonly string[]): T {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key))) as unknown as T;
}

/** An object in a manifest. */
type Part = { readonly [key: string]: unknown };

/**
 * Merges a part of a manifest into another, like `kubectl apply`: objects key by key; lists of named items (containers, variables, volumes)
 * item by item, by name; other lists and values as a whole. `null` removes a key.
 */
export function mergeManifest<T>(under: T, over: unknown): T {
  if (isNamedList(under) && isNamedList(over)) return mergeNamed(under, over) as T;
  if (!isPart(under) || !isPart(over)) return over as T;
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    if (value === null) delete merged[key];
    else merged[key] = key in merged ? mergeManifest(merged[key], value) : value;
  }
  return merged as T;
}

function mergeNamed(under: readonly Part[], over: readonly Part[]): Part[] {
  const named = new Map(under.map((item) => [item.name, item]));
  for (const item of over) {
    const old = named.get(item.name);
    // A variable has either a value or a source for one, so it is replaced as a whole.
    const whole = old === undefined || 'value' in item || 'valueFrom' in item;
    named.set(item.name, whole ? item : mergeManifest(old, item));
  }
  return [...named.values()];
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNamedList(value: unknown): value is readonly Part[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => isPart(item) && typeof item.name === 'string');
}
