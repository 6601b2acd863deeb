import type { V1Pod } from '@kubernetes/client-node';
import type { Check } from '../../core/check.js';
import { Examination } from '../platform/examination.js';
import type { Cluster } from './kubernetes-cluster.js';
import { wordsOf } from './kubernetes-failure.js';
import { missingRights, neededRights } from './kubernetes-rights.js';

/** What a boot needs of the cluster, one check each, up to the first failure that leaves the rest without meaning. `plan` makes a pod that is not booted. */
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
    return `all ${neededRights.length} that are needed`;
  });
  if (!allowed) return examination.checks;
  await examination.look('image', 'Mend the option manifest.', async () => {
    // The API server looks at it as at one that it is to make, and makes nothing.
    const pod = plan();
    const request = { namespace, body: pod, dryRun: 'All' };
    await ask('create a pod on trial', (options) => api.createNamespacedPod(request, options), { repeat: true, signal });
    return `${pod.spec!.containers.map(({ image }) => image).join(', ')}, in a pod that the cluster accepts`;
  });
  await examination.look('network', 'Set parentHostname.', async () =>
    own ? `runners reach this pod as ${host}` : `runners reach this process as ${host}; whether they can, only a boot shows`,
  );
  return examination.checks;
}
