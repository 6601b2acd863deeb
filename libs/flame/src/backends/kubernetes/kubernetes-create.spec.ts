import { describe, expect, it } from 'vitest';
import { loaderCommand } from '../ship/loader-command.js';
import { podManifest, podSecret, podTemplate } from './kubernetes-create.js';
import type { PodPlan } from './kubernetes-create.js';
import { checkKubernetesOptions } from './kubernetes-options.js';
import type { KubernetesBackendOptions } from './kubernetes-options.js';
import type { V1Pod } from '@kubernetes/client-node';

const request = { parent: 'parent-1', pool: 'p', runner: 'p-1', shutdownTimeout: 30_000 };

function plan(options: KubernetesBackendOptions): PodPlan {
  return {
    config: checkKubernetesOptions(options),
    template: {
      spec: {
        containers: [
          {
            name: 'app',
            image: 'app:1',
            env: [
              { name: 'A', value: 'template' },
              { name: 'B', value: 'template' },
            ],
          },
        ],
      },
    },
    container: 'app',
    owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'app-7d9', uid: 'u' },
    home: { process: 'x 1', pod: 'default app u', container: 'app' },
  };
}

describe('podManifest', () => {
  it("starts the loader with shipCode, in place of the app's command", () => {
    const containers = [
      { name: 'app', command: ['/init'], args: ['npm', 'start'] },
      { name: 'side', image: 'side:1', command: ['side'] },
    ];
    const pod = podManifest(plan({ shipCode: true, manifest: { spec: { containers } } }), request);
    expect(pod.spec!.containers.map(({ command, args }) => ({ command, args }))).toEqual([
      { command: loaderCommand(), args: [] },
      { command: ['side'], args: undefined },
    ]);
  });

  it('applies the manifest over the template, then env, then the fields that a runner needs', () => {
    const pod = podManifest(
      plan({
        manifest: {
          metadata: { name: 'mine', labels: { team: 'video', 'nestjs-flame/pool': 'mine' } },
          spec: {
            restartPolicy: 'Always',
            containers: [
              {
                name: 'app',
                image: 'app:2',
                env: [
                  { name: 'B', value: 'manifest' },
                  { name: 'FLAME_PARENT', value: 'mine' },
                ],
              },
            ],
          },
        },
        env: { A: 'env' },
        secretEnv: { KEY: 'secret' },
      }),
      request,
    );
    const [app] = pod.spec!.containers;
    expect(pod.metadata!.name).toMatch(/^flame-p-1-[0-9a-f]{6}$/);
    expect(pod.metadata!.labels).toMatchObject({ team: 'video', 'nestjs-flame/pool': 'p', 'nestjs-flame/parent': 'parent-1' });
    expect(pod.spec).toMatchObject({ restartPolicy: 'Never', terminationGracePeriodSeconds: 30, automountServiceAccountToken: false });
    expect(app!.image).toBe('app:2');
    const secret = (key: string): object => ({ name: key, valueFrom: { secretKeyRef: { name: pod.metadata!.name, key } } });
    const own = app!.env!.filter(({ name }) => name !== 'NODE_OPTIONS');
    expect(own).toEqual([{ name: 'A', value: 'env' }, { name: 'B', value: 'manifest' }, secret('FLAME_PARENT'), secret('KEY')]);
    expect(pod.metadata!.annotations).toMatchObject({ 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' });
  });

  it('applies a function to the template, and removes variables', () => {
    const manifest: KubernetesBackendOptions['manifest'] = (template) => ({
      ...template,
      spec: { ...template.spec!, nodeSelector: { gpu: 'yes' } },
    });
    const { spec } = podManifest(plan({ manifest, env: { A: undefined } }), request);
    expect(spec!.nodeSelector).toEqual({ gpu: 'yes' });
    expect(spec!.containers[0]!.env!.map(({ name }) => name)).not.toContain('A');
  });

  it('refuses a template without an app container, and names the option to set', () => {
    expect(() => podManifest(plan({ manifest: () => ({ spec: { containers: [] } }) }), request)).toThrow(
      /^kubernetes: KubernetesBackend\.manifest has no app container/,
    );
  });

  it('makes a Secret that is the pod’s', () => {
    const pod = podManifest(plan({}), request);
    pod.metadata!.uid = 'pod-uid';
    expect(podSecret(pod, 'token', { secretEnv: { KEY: 'secret' } })).toMatchObject({
      metadata: { name: pod.metadata!.name, ownerReferences: [{ kind: 'Pod', uid: 'pod-uid' }] },
      stringData: { KEY: 'secret', FLAME_PARENT: 'token' },
    });
  });
});

const own: V1Pod = {
  metadata: { name: 'app-7d9-x', uid: 'u', labels: { app: 'app', 'pod-template-hash': '7d9' }, resourceVersion: '1' },
  spec: {
    nodeName: 'node1',
    hostname: 'me',
    serviceAccountName: 'app',
    nodeSelector: { disk: 'fast' },
    initContainers: [{ name: 'migrate', image: 'app:1' }],
    containers: [
      {
        name: 'app',
        image: 'app:1',
        env: [{ name: 'A', value: '1' }],
        ports: [{ containerPort: 3000 }],
        readinessProbe: { httpGet: { path: '/', port: 3000 } },
        volumeMounts: [
          { name: 'videos', mountPath: '/videos' },
          { name: 'kube-api-access-x7k2p', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
        ],
      },
      { name: 'istio-proxy', image: 'proxy:1', volumeMounts: [{ name: 'proxy', mountPath: '/proxy' }] },
    ],
    volumes: [
      { name: 'videos', emptyDir: {} },
      { name: 'proxy', emptyDir: {} },
      { name: 'kube-api-access-x7k2p', projected: {} },
    ],
  },
  status: { podIP: '10.0.0.1' },
};

describe('podTemplate', () => {
  it('keeps the parts that the app needs', () => {
    expect(podTemplate({ pod: own, container: 'app' })).toEqual({
      spec: {
        serviceAccountName: 'app',
        nodeSelector: { disk: 'fast' },
        containers: [
          { name: 'app', image: 'app:1', env: [{ name: 'A', value: '1' }], volumeMounts: [{ name: 'videos', mountPath: '/videos' }] },
        ],
        volumes: [{ name: 'videos', emptyDir: {} }],
      },
    });
  });

  it('does not change the pod that it is made from', () => {
    const before = structuredClone(own);
    podTemplate({ pod: own, container: 'app' });
    expect(own).toEqual(before);
  });

  it('is empty outside of a cluster', () => expect(podTemplate(undefined)).toEqual({ spec: { containers: [] } }));
});
