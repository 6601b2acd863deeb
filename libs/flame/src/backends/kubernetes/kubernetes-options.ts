import type { V1Pod, V1ResourceRequirements } from '@kubernetes/client-node';
import { OptionReader, show } from '../../core/options/option-reader.js';
import type { EnvOptions } from '../launch/env-options.js';
import { readRequestTimeout } from '../platform/platform-requests.js';
import type { RequestOptions } from '../platform/platform-requests.js';
import { isFlameParent } from '../launch/runner-env.js';
import type { EnvRules } from '../launch/runner-env.js';
import { readShipping } from '../ship/ship-options.js';
import type { ShipCodeOptions, ShipConfig } from '../ship/ship-options.js';

/** Options of KubernetesBackend. All are optional if the parent runs in a pod: runners' pods are then copies of it. */
export interface KubernetesBackendOptions extends EnvOptions, RequestOptions {
  /**
   * Changes to the template. Either an object that is merged into the template (containers and environment variables by name, other lists
   * as a whole), or a function that gets the template and returns the pod. The template is the parent's own pod, without the fields that
   * belong to that pod alone. Outside of a cluster the template is empty, and the manifest must have a container with an image.
   */
  manifest?: PodManifest | ((template: V1Pod) => V1Pod);
  /**
   * Ships the app's code from this process to the pods, so their image only needs Node: docs/backends/shipped-code.md. With it, the command of the
   * app's container is not used.
   *
   * @default false
   */
  shipCode?: boolean | ShipCodeOptions;
  /**
   * Secret environment variables. They are stored in the runner's Secret and are not visible in its pod.
   *
   * @default {}
   */
  secretEnv?: Readonly<Record<string, string>>;
  /**
   * The container of the pod that runs the app.
   *
   * @default the pod's only container, else the one that the annotation `kubectl.kubernetes.io/default-container` names
   */
  appContainerName?: string;
  /**
   * The namespace of runners' pods.
   *
   * @default the parent's own namespace, else the kubeconfig's, else 'default'
   */
  namespace?: string;
  /**
   * The owner of runners' pods: when the cluster removes the owner, it also removes the pods. The owner is the parent's Deployment (or
   * StatefulSet, DaemonSet, Job), the parent's pod, or none. With `'pod'` a rolling update ends running work as soon as the old pod is
   * gone.
   *
   * @default 'deployment'
   */
  owner?: 'deployment' | 'pod' | 'none';
  /** Resource requests and limits of a runner. They replace those of the template. */
  resources?: V1ResourceRequirements;
  /**
   * The service account of runners.
   *
   * @default the parent's own
   */
  serviceAccountName?: string;
  /** The maximum lifetime of a runner, in whole seconds. After it, the cluster ends the runner. No limit if omitted. */
  activeDeadlineSeconds?: number;
  /**
   * Time for the cluster to make and start a pod, in milliseconds.
   *
   * @default the pool's bootTimeout
   */
  bootTimeout?: number;
  /**
   * Time for the scheduler to find a node for a pod, in milliseconds. After it, the boot fails. If a cluster autoscaler makes nodes for
   * waiting pods, set this option and the pool's `bootTimeout` to the time that it needs.
   *
   * @default 5_000
   */
  schedulingTimeout?: number;
  /**
   * The path of a kubeconfig, for a parent outside of the cluster.
   *
   * @default the pod's service account; outside of a cluster $KUBECONFIG or ~/.kube/config
   */
  kubeconfig?: string;
  /**
   * The host name or address under which runners reach the parent. Required if the parent does not run in a pod.
   *
   * @default the address of the parent's pod
   */
  parentHostname?: string;
}

/** A part of a pod. Omitted fields stay as in the template. */
export type PodManifest = { readonly [P in keyof V1Pod]?: unknown };

/** The validated options. */
export interface KubernetesConfig extends EnvRules {
  readonly shipCode: ShipConfig | undefined;
  readonly manifest: PodManifest | ((template: V1Pod) => V1Pod);
  readonly secretEnv: Readonly<Record<string, string>>;
  readonly appContainerName: string | undefined;
  readonly namespace: string | undefined;
  readonly owner: 'deployment' | 'pod' | 'none';
  readonly resources: V1ResourceRequirements | undefined;
  readonly serviceAccountName: string | undefined;
  readonly activeDeadlineSeconds: number | undefined;
  readonly bootTimeout: number | undefined;
  readonly schedulingTimeout: number;
  readonly requestTimeout: number;
  readonly kubeconfig: string | undefined;
  readonly parentHostname: string | undefined;
}

/**
 * Checks the options.
 *
 * @throws {FlameError} FLAME_CONFIG that names the option and the fix.
 */
export function checkKubernetesOptions(options: unknown): KubernetesConfig {
  const reader = new OptionReader(options, 'KubernetesBackend');
  const config: KubernetesConfig = {
    manifest: manifest(reader),
    secretEnv: secretEnv(reader),
    appContainerName: reader.optionalText('appContainerName'),
    namespace: reader.optionalText('namespace'),
    owner: reader.choice('owner', ['deployment', 'pod', 'none'], 'deployment'),
    resources: reader.raw('resources') === undefined ? undefined : object(reader, 'resources', "{ limits: { memory: '512Mi' } }"),
    serviceAccountName: reader.optionalText('serviceAccountName'),
    activeDeadlineSeconds: reader.raw('activeDeadlineSeconds') === undefined ? undefined : reader.count('activeDeadlineSeconds', 1),
    bootTimeout: reader.raw('bootTimeout') === undefined ? undefined : reader.duration('bootTimeout', Infinity),
    schedulingTimeout: reader.duration('schedulingTimeout', 5_000, true),
    requestTimeout: readRequestTimeout(reader),
    kubeconfig: reader.optionalText('kubeconfig'),
    parentHostname: reader.optionalText('parentHostname'),
    ...readShipping(reader),
  };
  reader.done();
  return config;
}

function manifest(reader: OptionReader): KubernetesConfig['manifest'] {
  const value = reader.raw('manifest') ?? {};
  if (typeof value === 'function') return value as (template: V1Pod) => V1Pod;
  return object(reader, 'manifest', "{ spec: { containers: [{ name: 'app', image: 'app:1' }] } }, or a function");
}

function secretEnv(reader: OptionReader): Record<string, string> {
  const value = object(reader, 'secretEnv', '{ API_KEY: key }');
  const variables = new OptionReader(value, 'KubernetesBackend.secretEnv');
  for (const [name, text] of Object.entries(value)) {
    if (isFlameParent(name))
      throw variables.refuse(name, 'cannot be overridden', 'Remove it: the pool sets this variable for its runners.');
    // The value itself is a secret.
    if (typeof text !== 'string')
      throw variables.refuse(name, `must be a string, but is of type ${typeof text}`, 'Pass secrets as strings.');
  }
  return value as Record<string, string>;
}

function object(reader: OptionReader, key: string, example: string): Record<string, unknown> {
  const value = reader.raw(key) ?? {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw reader.refuse(key, `must be an object, but is ${show(value)}`, `Pass for example ${example}.`);
}
