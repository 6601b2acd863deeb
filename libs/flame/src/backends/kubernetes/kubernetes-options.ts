import type { V1Pod, V1ResourceRequirements } from '@kubernetes/client-node';
import { OptionReader, show } from '../../core/options/option-reader.js';
import { readEnvOptions } from '../launch/env-options.js';
import type { EnvOptions } from '../launch/env-options.js';
import { readRequestTimeout } from '../platform/platform-requests.js';
import type { RequestOptions } from '../platform/platform-requests.js';
import { isFlameParent } from '../launch/runner-env.js';
import type { EnvRules } from '../launch/runner-env.js';

/** What a KubernetesBackend can be told. A parent that runs in a pod needs none of it: its runners are made like its own pod. */
export interface KubernetesBackendOptions extends EnvOptions, RequestOptions {
  /**
   * Changes to the template: an object that is merged into it (containers and environment variables by their names, other lists as a
   * whole), or a function that gets the template and returns the pod. The template is the parent's own pod without what belongs to that pod
   * alone; outside of a cluster it is empty, and the manifest has to name a container with an image.
   */
  manifest?: PodManifest | ((template: V1Pod) => V1Pod);
  /**
   * Environment variables that are secrets: they are kept in the runner's Secret and do not show in its pod.
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
   * Where runners' pods are made.
   *
   * @default the parent's own namespace, else the kubeconfig's, else 'default'
   */
  namespace?: string;
  /**
   * With what the cluster removes pods that nobody removed: with the parent's Deployment (or StatefulSet, DaemonSet, Job), with the
   * parent's pod, or not. With `'pod'` a rolling update ends running work as soon as the old pod is gone.
   *
   * @default 'deployment'
   */
  owner?: 'deployment' | 'pod' | 'none';
  /** What a runner may use, in place of what the template says. */
  resources?: V1ResourceRequirements;
  /**
   * As whom runners run.
   *
   * @default the parent's own
   */
  serviceAccountName?: string;
  /** The longest that a runner may live, in whole seconds, after which the cluster itself ends it. No limit when left out. */
  activeDeadlineSeconds?: number;
  /**
   * Time that the cluster gets to make and start a pod, in milliseconds.
   *
   * @default the pool's bootTimeout
   */
  bootTimeout?: number;
  /**
   * How long the scheduler may find no node for a pod before its boot fails, in milliseconds. Where a cluster autoscaler makes nodes for
   * waiting pods, give it, and the pool's `bootTimeout`, the time that this takes.
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
   * The host name or address under which runners reach the parent. Required for a parent that runs in no pod.
   *
   * @default the address of the parent's pod
   */
  parentHostname?: string;
}

/** A part of a pod; what is left out stays as the template has it. */
export type PodManifest = { readonly [P in keyof V1Pod]?: unknown };

/** The options, checked. */
export interface KubernetesConfig extends EnvRules {
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
 * Checks the options, so that what follows can trust them.
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
    ...readEnvOptions(reader, 'none'),
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
      throw variables.refuse(name, 'cannot be overridden', 'Leave it out: it is what tells a runner that it is one.');
    // The value itself is a secret.
    if (typeof text !== 'string')
      throw variables.refuse(name, `must be a string, but is of type ${typeof text}`, 'Give secrets as strings.');
  }
  return value as Record<string, string>;
}

function object(reader: OptionReader, key: string, example: string): Record<string, unknown> {
  const value = reader.raw(key) ?? {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw reader.refuse(key, `must be an object, but is ${show(value)}`, `Give for example ${example}.`);
}
