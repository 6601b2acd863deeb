import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { podTemplate } from './kubernetes-template.js';

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
  it('keeps what the app needs', () => {
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

  it('changes nothing of the pod that it was made from', () => {
    const before = structuredClone(own);
    podTemplate({ pod: own, container: 'app' });
    expect(own).toEqual(before);
  });

  it('is empty outside of a cluster', () => expect(podTemplate(undefined)).toEqual({ spec: { containers: [] } }));
});
