import type { V1SelfSubjectAccessReview } from '@kubernetes/client-node';
import type { Cluster, Limited } from './kubernetes-cluster.js';

/** What the backend does in its namespace, and so has to be allowed to: the Role of docs/backends/kubernetes.md. */
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

/** Those of them that the cluster does not give; empty where it does not tell. */
export async function missingRights({ client, config, namespace, ask }: Cluster): Promise<string[]> {
  const api = config.makeApiClient(client.AuthorizationV1Api);
  const answers = await Promise.all(
    neededRights.map(async ([verb, resource]) => {
      const [name, subresource] = resource.split('/');
      const body = { spec: { resourceAttributes: { namespace, verb, resource: name!, ...(subresource && { subresource }) } } };
      // Every account may ask for its own rights, unless somebody took that away.
      const send = (options: Limited): Promise<V1SelfSubjectAccessReview> => api.createSelfSubjectAccessReview({ body }, options);
      const answer = await ask(`ask whether this account may ${verb} ${resource}`, send, { repeat: true }).catch(() => undefined);
      return answer?.status?.allowed === false ? `${verb} ${resource}` : undefined;
    }),
  );
  return answers.filter((right) => right !== undefined);
}
