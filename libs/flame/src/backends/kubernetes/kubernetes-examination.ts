import type { V1Pod, V1SelfSubjectAccessReview } from '@kubernetes/client-node';
import type { Check } from '../../core/check.js';
import { Examination } from '../platform/examination.js';
import type { Cluster, Limited } from './kubernetes-api.js';
import { wordsOf } from './kubernetes-failure.js';

/**
 * Checks everything that a boot needs of the cluster. Stops after the first failure that makes the remaining checks meaningless. `plan`
 * makes a pod that is not booted.
 */
export async function examineKubernetes(cluster: Cluster, host: string, plan: () => V1Pod, signal: AbortSignal): Promise<Check[]> {
  const { client, config, api, ask, namespace, address, own } = cluster;
  const examination = new Examination(wordsOf, signal);
  const answers = await examination.look('engine', `Let this process reach ${address}, or set kubeconfig.`, async () => {
    const { gitVersion } = await ask('get its version', (options) => config.makeApiClient(client.VersionApi).getCode({}, options), {
      repeat: true,
      signal,
    });
    return `Kubernetes ${gitVersion} at ${address}, namespace ${namespace}`;
  });
  if (!answers) return examination.checks;
  const allowed = await examination.look('rights', 'Apply the Role and RoleBinding of docs/backends/kubernetes.md.', async () => {
    const missing = await missingRights(cluster);
    if (missing.length > 0) throw new Error(`this account may not ${missing.join(', ')} in namespace ${namespace}`);
    return `this account has all ${neededRights.length} rights that the backend needs`;
  });
  if (!allowed) return examination.checks;
  await examination.look('image', 'Correct the option manifest.', async () => {
    // With `dryRun` the API server validates the pod, but does not make it.
    const pod = plan();
    const request = { namespace, body: pod, dryRun: 'All' };
    await ask('create a pod on trial', (options) => api.createNamespacedPod(request, options), { repeat: true, signal });
    return `${pod.spec!.containers.map(({ image }) => image).join(', ')}, in a pod that the cluster accepts`;
  });
  await examination.look('network', 'Set parentHostname.', async () =>
    own
      ? `runners will connect to this pod at ${host}`
      : `runners will connect to this process at ${host}; only a boot can show whether they reach it`,
  );
  return examination.checks;
}

/** The rights that the backend needs in its namespace: the Role of docs/backends/kubernetes.md. */
export const neededRights = [
  ['create', 'pods'],
  ['get', 'pods'],
  ['list', 'pods'],
  ['watch', 'pods'],
  ['delete', 'pods'],
  ['get', 'pods/log'],
  ['create', 'secrets'],
  ['delete', 'secrets'],
] as const;

/** The needed rights that the account does not have; empty if the cluster does not answer. */
export async function missingRights({ client, config, namespace, ask }: Cluster): Promise<string[]> {
  const api = config.makeApiClient(client.AuthorizationV1Api);
  const answers = await Promise.all(
    neededRights.map(async ([verb, resource]) => {
      const [name, subresource] = resource.split('/');
      const body = { spec: { resourceAttributes: { namespace, verb, resource: name!, ...(subresource && { subresource }) } } };
      // By default every account may ask for its own rights.
      const send = (options: Limited): Promise<V1SelfSubjectAccessReview> => api.createSelfSubjectAccessReview({ body }, options);
      const answer = await ask(`ask whether this account may ${verb} ${resource}`, send, { repeat: true }).catch(() => undefined);
      return answer?.status?.allowed === false ? `${verb} ${resource}` : undefined;
    }),
  );
  return answers.filter((right) => right !== undefined);
}
