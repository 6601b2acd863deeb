import { join } from 'node:path';
import type { Machine } from 'nestjs-flame';
import type { KubernetesBackend, KubernetesBackendOptions } from 'nestjs-flame/kubernetes';
import { afterEach, describe, expect, it } from 'vitest';
import { TestBootRequest, testContext } from '../../support/test-boot-request.js';
import { core, evict, expectNothingLeft, namespaceOf } from './cluster.js';
import { mounted } from './trial.js';

const namespace = await namespaceOf('ends');
const program = join(import.meta.dirname, '../../support/programs/machine.mjs');

describe('KubernetesBackend on a real cluster', () => {
  const backends: KubernetesBackend[] = [];
  afterEach(async () => {
    await Promise.all(backends.splice(0).map((backend) => backend.close()));
    await expectNothingLeft(namespace);
  });

  async function prepared(options: KubernetesBackendOptions = {}): Promise<KubernetesBackend> {
    const backend = mounted(program, { namespace, ...options });
    backends.push(backend);
    await backend.prepare(testContext);
    return backend;
  }

  async function boot(behaviour: string, options: KubernetesBackendOptions = {}): Promise<{ machine: Machine; request: TestBootRequest }> {
    const backend = await prepared(options);
    const request = new TestBootRequest(behaviour);
    const machine = await backend.boot(request);
    if (behaviour === 'polite' || behaviour === 'stubborn') await request.printed('ready');
    return { machine, request };
  }

  it('reports a pod that ran out of memory, with its limit', async () => {
    const { machine } = await boot('fillsItsMemory', { resources: { limits: { memory: '64Mi' } } });
    expect(await machine.exited).toMatchObject({ how: 'oom', text: 'out of memory (limit 64Mi)' });
  });

  it('reports a pod that was evicted', async () => {
    const { machine } = await boot('polite');
    await evict(machine.id, namespace);
    expect(await machine.exited).toMatchObject({ how: 'evicted', text: expect.stringMatching(/evicted/) });
  });

  it('reports a pod that was deleted from outside, regardless of its runner’s exit', async () => {
    const { machine, request } = await boot('stubborn');
    await core.deleteNamespacedPod({ name: machine.id, namespace, gracePeriodSeconds: 1 });
    expect(await machine.exited).toMatchObject({ how: 'evicted', text: expect.stringMatching(/deleted from outside/) });
    expect(request.text('stdout')).toContain('I stay');
  });

  it('reports a pod that reached its activeDeadlineSeconds', async () => {
    const { machine } = await boot('polite', { activeDeadlineSeconds: 20 });
    expect(await machine.exited).toMatchObject({ how: 'stopped', text: expect.stringContaining('activeDeadlineSeconds') });
  });

  it('keeps secrets out of the pod, in a Secret that belongs to it', async () => {
    const { machine, request } = await boot('polite', { env: { PLAIN: 'to be seen' }, secretEnv: { API_KEY: 'not to be seen' } });
    const pod = await core.readNamespacedPod({ name: machine.id, namespace });
    expect(JSON.stringify(pod)).toContain('to be seen');
    expect(JSON.stringify(pod)).not.toContain('not to be seen');
    expect(JSON.stringify(pod)).not.toContain(await request.flameParent());
    const secret = await core.readNamespacedSecret({ name: machine.id, namespace });
    expect(secret.metadata!.ownerReferences).toMatchObject([{ kind: 'Pod', uid: pod.metadata!.uid }]);
    expect(Object.keys(secret.data!).sort()).toEqual(['API_KEY', 'FLAME_PARENT']);
    await machine.stop(0);
    const told = await boot('tells', { secretEnv: { API_KEY: 'not to be seen' } });
    await told.machine.exited;
    expect(JSON.parse(told.request.text('stdout')[0]!)).toMatchObject({ env: { API_KEY: 'not to be seen' } });
  });

  /** Changes to the pod that no node can do. */
  const impossible: [string, object, object, boolean, RegExp][] = [
    [
      'an image that is nowhere',
      { image: 'nope.invalid/nope:1', imagePullPolicy: 'Always' },
      {},
      false,
      /cannot be started: (ErrImagePull|ImagePullBackOff): .*nope\.invalid/,
    ],
    [
      'an image that is not on the node',
      { image: 'nope:1' },
      {},
      true,
      /cannot be started: ErrImageNeverPull: Container image "nope:1" is not present/,
    ],
    [
      'a variable from a ConfigMap that is not there',
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'nope', key: 'a' } } }] },
      {},
      true,
      /cannot be started: CreateContainerConfigError: configmap "nope" not found/,
    ],
    [
      'a node that is not there',
      {},
      { nodeSelector: { nope: 'yes' } },
      false,
      /no node for pod \S+ within 1000 ms: 0\/\d nodes are available: .*raise schedulingTimeout/,
    ],
    ['more memory than any node has', { resources: { requests: { memory: '900Gi' } } }, {}, false, /no node for pod .*Insufficient memory/],
  ];

  it.each(impossible)('fails a boot that needs %s, in seconds, with the cluster’s message', async (_, container, spec, fatal, words) => {
    const backend = mounted(program, {
      namespace,
      schedulingTimeout: 1_000,
      manifest: (template) => ({
        ...template,
        spec: { ...template.spec, ...spec, containers: [{ ...appOf(program), ...container }] },
      }),
    });
    backends.push(backend);
    await backend.prepare(testContext);
    const began = performance.now();
    const error = await backend.boot(new TestBootRequest('polite')).then(
      ({ id }) => new Error(`it booted ${id}`),
      (refusal: Error) => refusal,
    );
    expect(error).toMatchObject({ name: 'BootError', fatal, phase: 'start' });
    expect(error.message).toMatch(words);
    // A pool waits for 30 s; this machine may be busy.
    expect(performance.now() - began).toBeLessThan(20_000);
    console.log(`kubernetes: failed after ${((performance.now() - began) / 1_000).toFixed(1)} s: ${error.message}`);
  });
});

function appOf(file: string): { name: string; image: string; imagePullPolicy: string; command: string[] } {
  return { name: 'app', image: 'docker.io/flame-test/node:1', imagePullPolicy: 'Never', command: ['node', file] };
}
