import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { AppsV1Api, KubernetesObjectApi, loadAllYaml } from '@kubernetes/client-node';
import type { KubernetesObject, V1Deployment, V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processesOf, until } from '../../support/process-table.js';
import { core, execIn, expectNothingLeft, kubeConfig, namespace, nodeImage, podsWith } from './cluster.js';

const repository = join(import.meta.dirname, '../../..');
const main = join(repository, 'test/apps/dist/kubernetes/main.js');
const page = readFileSync(join(repository, 'docs/backends/kubernetes.md'), 'utf8');
const manifests = loadAllYaml(/^```yaml\n(.*?)^```$/ms.exec(page)![1]!) as KubernetesObject[];
const apps = kubeConfig.makeApiClient(AppsV1Api);
const objects = KubernetesObjectApi.makeApiClient(kubeConfig);

/** The page's Deployment with the test's app in place of an image that would have to be built. */
function withTestApp(deployment: V1Deployment): V1Deployment {
  const [app] = deployment.spec!.template.spec!.containers;
  Object.assign(app!, {
    image: nodeImage,
    imagePullPolicy: 'Never',
    command: ['node', main],
    volumeMounts: [{ name: 'code', mountPath: repository, readOnly: true }],
  });
  deployment.spec!.template.spec!.volumes = [{ name: 'code', hostPath: { path: repository } }];
  return deployment;
}

/** The parents' pods that are ready to answer, by their log. */
async function parents(): Promise<V1Pod[]> {
  const pods = await podsWith('app=app');
  const up = await Promise.all(
    pods.map(async ({ metadata, status }) => {
      if (metadata?.deletionTimestamp || status?.phase !== 'Running') return false;
      return (await logOf(metadata!.name!)).includes('Nest application successfully started');
    }),
  );
  return pods.filter((_, i) => up[i]);
}

/** The parent's process, which this one sees, because the nodes run beside it. */
function parentProcess(): number {
  const isRunner = (pid: number): boolean => readFileSync(`/proc/${pid}/environ`, 'latin1').includes('FLAME_PARENT=');
  return processesOf(main).find((pid) => !isRunner(pid))!;
}

function logOf(name: string): Promise<string> {
  return core.readNamespacedPodLog({ name, namespace }).catch(() => '');
}

async function oneParent(but = ''): Promise<V1Pod> {
  let found: V1Pod | undefined;
  await until(async () => {
    found = (await parents()).find(({ metadata }) => metadata!.name !== but);
    return found !== undefined;
  });
  return found!;
}

function ask(parent: V1Pod, duration = 0): Promise<{ parent: string; runner: string }> {
  return new Promise((resolve, reject) => {
    get(`http://${parent.status!.podIP}:3000/?for=${duration}`, (response) => {
      text(response).then((body) => {
        if (response.statusCode === 200) resolve(JSON.parse(body) as { parent: string; runner: string });
        else reject(new Error(`status ${response.statusCode}: ${body}`));
      }, reject);
    }).on('error', reject);
  });
}

describe('docs/backends/kubernetes.md', () => {
  beforeAll(async () => {
    for (const one of manifests)
      await objects.create(one.kind === 'Deployment' ? (withTestApp(one as V1Deployment) as KubernetesObject) : one);
  });
  afterAll(async () => {
    for (const one of [...manifests].reverse()) await objects.delete({ ...one, metadata: { ...one.metadata, namespace } });
    await until(async () => (await podsWith('app=app')).length === 0);
    await until(() =>
      expectNothingLeft().then(
        () => true,
        () => false,
      ),
    );
  });

  it('has manifests with which a parent boots runners that no Service and no ReplicaSet selects', async () => {
    const parent = await oneParent();
    const { runner, parent: answered } = await ask(parent);
    expect(answered).toBe(parent.metadata!.name);
    const pod = await core.readNamespacedPod({ name: runner, namespace });
    expect(pod.metadata!.labels).not.toHaveProperty('app');
    expect(pod.metadata!.labels).not.toHaveProperty('pod-template-hash');
    expect(pod.metadata!.ownerReferences).toMatchObject([{ kind: 'ReplicaSet' }]);
    expect(pod.spec).toMatchObject({ automountServiceAccountToken: false, restartPolicy: 'Never' });
    expect(pod.spec!.containers[0]!.resources!.limits).toEqual({ memory: '512Mi' });
    const deployment = await apps.readNamespacedDeployment({ name: 'app', namespace });
    expect(deployment.status).toMatchObject({ replicas: 1, readyReplicas: 1 });
  });

  it('creates a parent that doctor examines from inside: it boots a pod, connects to it and leaves nothing', async () => {
    const parent = await oneParent();
    const before = (await podsWith('nestjs-flame/pool=work')).map(({ metadata }) => metadata!.name);
    const { output } = await execIn(parent.metadata!.name!, `node ${join(repository, 'libs/flame/dist/cli/main.js')} doctor ${main}`);
    expect(output).toMatch(/pool "work" \(kubernetes\)\n {2}ok {6}engine /);
    for (const check of ['rights', 'image', 'network', 'boot', 'attach', 'versions', 'call', 'clocks', 'stop', 'left'])
      expect(output).toMatch(new RegExp(`\\n {2}ok {6}${check} `));
    expect(output).toMatch(/\nall \d+ checks are ok\n$/);
    const after = (await podsWith('nestjs-flame/pool=work')).map(({ metadata }) => metadata!.name);
    expect(before).toEqual(expect.arrayContaining(after));
  });

  it('finishes running calls when a rollout replaces the parent, and leaves nothing of the old one', async () => {
    const old = await oneParent();
    await ask(old);
    const running = ask(old, 8_000);
    const before = (await podsWith('nestjs-flame/pool=work')).map(({ metadata }) => metadata!.name);
    // As kubectl rollout restart does it.
    const path = '/spec/template/metadata/annotations';
    await apps.patchNamespacedDeployment({ name: 'app', namespace, body: [{ op: 'add', path, value: { restarted: 'yes' } }] });
    const next = await oneParent(old.metadata!.name);
    expect(before).toContain((await running).runner);
    expect((await ask(next)).parent).toBe(next.metadata!.name);
    await until(async () => (await podsWith('app=app')).length === 1);
    const left = (await podsWith('nestjs-flame/pool=work')).filter(({ metadata }) => before.includes(metadata!.name));
    expect(left).toEqual([]);
  });

  it('removes the leftovers of a killed parent at its start', async () => {
    const killed = await oneParent();
    const { runner } = await ask(killed);
    process.kill(parentProcess(), 'SIGKILL');
    await until(async () => (await logOf(killed.metadata!.name!)).includes('kubernetes: removed 1 machine'));
    await until(async () => !(await podsWith('nestjs-flame/pool=work')).some(({ metadata }) => metadata!.name === runner));
    const { items } = await core.listNamespacedSecret({ namespace, labelSelector: 'nestjs-flame/parent' });
    expect(items.map(({ metadata }) => metadata!.name)).not.toContain(runner);
  });
});
