import { PassThrough, Writable } from 'node:stream';
import { CoreV1Api, Exec, KubeConfig } from '@kubernetes/client-node';
import type { V1Pod, V1Status } from '@kubernetes/client-node';
import { expect } from 'vitest';
import { until } from '../../support/process-table.js';

/** The cluster that the engine's wrapper has started, as its administrator sees it. */
export const kubeConfig = new KubeConfig();
kubeConfig.loadFromDefault();
export const core = kubeConfig.makeApiClient(CoreV1Api);
export const namespace = 'default';

/** A namespace of this name in which pods can be made. Suites that run side by side have one each, so that none sees what another has left. */
export async function namespaceOf(suite: string): Promise<string> {
  await core.createNamespace({ body: { metadata: { name: suite } } }).catch((error: { code?: number }) => {
    if (error.code !== 409) throw error;
  });
  await until(() =>
    core.readNamespacedServiceAccount({ name: 'default', namespace: suite }).then(
      () => true,
      () => false,
    ),
  );
  return suite;
}

/** This process's address for pods: the engine's bridge. */
export const hostAddress = '10.244.0.1';
/** An image with Node and nothing else. */
export const nodeImage = 'docker.io/flame-test/node:1';

export async function podsWith(labelSelector: string, where = namespace): Promise<V1Pod[]> {
  return (await core.listNamespacedPod({ namespace: where, labelSelector })).items;
}

/** Runs a shell command in a pod's only container. */
export async function execIn(pod: string, command: string, where = namespace): Promise<{ output: string; status: V1Status }> {
  let output = '';
  const keep = new Writable({ write: (part, _, done) => ((output += String(part)), done()) });
  const status = await new Promise<V1Status>((resolve, reject) => {
    new Exec(kubeConfig)
      .exec(where, pod, '', ['sh', '-c', command], keep, new PassThrough().resume(), null, false, resolve)
      .then((socket) => (socket.onclose = () => resolve({ status: 'the connection was closed' })), reject);
  });
  return { output, status };
}

/** As `kubectl drain` and autoscalers remove a pod. */
export async function evict(name: string, where: string): Promise<void> {
  const body = { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name, namespace: where } };
  await core.createNamespacedPodEviction({ name, namespace: where, body });
}

/** Whether a node may get new pods. */
export async function cordon(name: string, unschedulable: boolean): Promise<void> {
  await core.patchNode({ name, body: [{ op: 'add', path: '/spec/unschedulable', value: unschedulable }] });
}

/** Fails where a pod or a Secret of ours is left. */
export async function expectNothingLeft(where = namespace): Promise<void> {
  const labelSelector = 'nestjs-flame/parent';
  const [pods, secrets] = await Promise.all([
    podsWith(labelSelector, where),
    core.listNamespacedSecret({ namespace: where, labelSelector }).then(({ items }) => items),
  ]);
  expect(
    [...pods, ...secrets].map(({ kind, metadata }) => `${kind} ${metadata!.name}`),
    'pods and secrets left',
  ).toEqual([]);
}
