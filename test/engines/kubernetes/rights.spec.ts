import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RbacAuthorizationV1Api } from '@kubernetes/client-node';
import { KubernetesBackend } from 'nestjs-flame/kubernetes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { neededRights } from '../../../libs/flame/src/backends/kubernetes/kubernetes-examination.js';
import { testContext } from '../../support/test-boot-request.js';
import { until } from '../../support/process-table.js';
import { core, hostAddress, kubeConfig, namespace } from './cluster.js';

const rbac = kubeConfig.makeApiClient(RbacAuthorizationV1Api);

/** A service account that may do what it is given and nothing else. */
async function account(name: string, rights: readonly (readonly [string, string])[], folder: string): Promise<string> {
  await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
  const rules = rights.map(([verb, resource]) => ({ apiGroups: [''], resources: [resource], verbs: [verb] }));
  await rbac.createNamespacedRole({ namespace, body: { metadata: { name }, rules } });
  await rbac.createNamespacedRoleBinding({
    namespace,
    body: {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  });
  // The kind of token that this version makes by itself.
  let token = '';
  await until(async () => {
    const { items } = await core.listNamespacedSecret({ namespace });
    const found = items.find(({ metadata, data }) => metadata?.annotations?.['kubernetes.io/service-account.name'] === name && data?.token);
    token = Buffer.from(found?.data?.token ?? '', 'base64').toString();
    return token !== '';
  });
  const { server, caFile } = kubeConfig.getCurrentCluster()!;
  const file = join(folder, `${name}.json`);
  const named = {
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: 'u', user: { token } }],
  };
  const contexts = [{ name: 'x', context: { cluster: 'c', user: 'u', namespace } }];
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...named, contexts, 'current-context': 'x' }));
  return file;
}

describe('The rights of a parent', () => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'flame-rights-'))));
  afterAll(() => rmSync(folder, { recursive: true, maxRetries: 5 }));

  async function refusal(kubeconfig: string): Promise<string> {
    const backend = new KubernetesBackend({ kubeconfig, parentHostname: hostAddress });
    return backend.prepare(testContext).then(
      () => 'prepared',
      (error: Error) => error.message,
    );
  }

  it.each(neededRights)('stops the app at its start with an error if it may not %s %s', async (verb, resource) => {
    const name = `without-${verb}-${resource.replace('/', '-')}`;
    const others = neededRights.filter((right) => right[0] !== verb || right[1] !== resource);
    const kubeconfig = await account(name, others, folder);
    const words = `KubernetesBackend may not ${verb} ${resource} in namespace "default". Grant the parent's service account these rights: docs/backends/kubernetes.md has the manifests.`;
    // The API server learns of a new role a little later.
    await expect.poll(() => refusal(kubeconfig), { timeout: 60_000 }).toBe(words);
  });

  it('are sufficient', async () => {
    const kubeconfig = await account('with-all', neededRights, folder);
    await expect.poll(() => refusal(kubeconfig), { timeout: 60_000 }).toBe('prepared');
  });
});
