import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiException, CoreV1Api, KubeConfig, KubernetesObjectApi, PortForward } from '@kubernetes/client-node';
import type { KubernetesObject, V1Pod } from '@kubernetes/client-node';
import type { ContainedApp, ContainedAppStart } from './contained-app.js';

/** Of this run alone: one that was killed may have left its own. */
const namespace = `flame-demo-${process.pid}`;
const port = 3000;
const startTimeout = 60_000;

/** The demo's app as a Deployment in a namespace of its own, with the rights of `docs/backends/kubernetes.md`, on the cluster that kubectl speaks to. */
export class KubernetesApp implements ContainedApp {
  readonly #config = new KubeConfig();
  readonly #core: CoreV1Api;
  readonly #objects: KubernetesObjectApi;
  readonly #sockets = new Set<Socket>();
  /** Ours on loopback, behind which the pod's port is. */
  readonly #entrance: Server;
  #pod = '';

  private constructor() {
    this.#config.loadFromDefault();
    this.#core = this.#config.makeApiClient(CoreV1Api);
    this.#objects = KubernetesObjectApi.makeApiClient(this.#config);
    const forward = new PortForward(this.#config);
    this.#entrance = createServer((socket) => {
      this.#sockets.add(socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket)));
      forward.portForward(namespace, this.#pod, [port], socket, null, socket).catch((error: Error) => socket.destroy(error));
    });
  }

  /** Resolves when the app listens. */
  static async start({ image, store, signal }: ContainedAppStart): Promise<KubernetesApp> {
    const app = new KubernetesApp();
    try {
      for (const one of manifests(image, store)) await app.#objects.create(one);
      await app.#listening(AbortSignal.any([signal, AbortSignal.timeout(startTimeout)]));
      await once(app.#entrance.listen(0, '127.0.0.1'), 'listening');
      return app;
    } catch (error) {
      await app[Symbol.asyncDispose]().catch(() => undefined);
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#entrance.address() as AddressInfo).port}`;
  }

  async runners(): Promise<string[]> {
    return (await this.#pods('nestjs-flame/pool=ffmpeg')).map(({ metadata }) => metadata!.name!);
  }

  async stop(): Promise<number | undefined> {
    let code: number | undefined;
    // Also those that nothing was ever asked over: the app's server would wait for them.
    this.#leave();
    await this.#objects.delete({ ...deployment, metadata: { name: 'app', namespace } });
    for (;;) {
      const [pod] = await this.#pods('app=flame-demo');
      if (!pod) break;
      code = pod.status?.containerStatuses?.[0]?.state?.terminated?.exitCode ?? code;
      await pause(50);
    }
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave();
    await this.#core.deleteNamespace({ name: namespace });
    while (await this.#exists()) await pause(100);
  }

  #leave(): void {
    this.#entrance.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listening(signal: AbortSignal): Promise<void> {
    for (;;) {
      const [pod] = await this.#pods('app=flame-demo');
      this.#pod = pod?.metadata?.name ?? '';
      const log = pod ? await this.#log() : '';
      if (log.includes('Listening on')) return;
      await pause(100, undefined, { signal }).catch(() => {
        const status = pod?.status?.containerStatuses?.[0]?.state ?? pod?.status?.conditions ?? 'there is no pod';
        throw new Error(`The app does not listen: ${JSON.stringify(status)}\n${log}`);
      });
    }
  }

  /** Empty while its container does not run. */
  #log(): Promise<string> {
    return this.#core.readNamespacedPodLog({ name: this.#pod, namespace }).catch(() => '');
  }

  async #pods(labelSelector: string): Promise<V1Pod[]> {
    return (await this.#core.listNamespacedPod({ namespace, labelSelector })).items;
  }

  #exists(): Promise<boolean> {
    return this.#core.readNamespace({ name: namespace }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ApiException && error.code === 404) return false;
        throw error;
      },
    );
  }
}

const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' };

function manifests(image: string, store: string): KubernetesObject[] {
  const rbac = 'rbac.authorization.k8s.io';
  const field = (name: string, fieldPath: string): object => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const app = {
    name: 'app',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['node', '/app/apps/demo/dist/main.js'],
    env: [
      { name: 'DEMO_BACKEND', value: 'kubernetes' },
      { name: 'VIDEO_STORE', value: store },
      { name: 'HOST', value: '0.0.0.0' },
      { name: 'PORT', value: String(port) },
      { name: 'NO_COLOR', value: '1' },
      field('POD_NAME', 'metadata.name'),
      field('POD_NAMESPACE', 'metadata.namespace'),
      field('POD_IP', 'status.podIP'),
      field('POD_UID', 'metadata.uid'),
    ],
    volumeMounts: [{ name: 'store', mountPath: store }],
  };
  const labels = { app: 'flame-demo' };
  const volumes = [{ name: 'store', hostPath: { path: store, type: 'DirectoryOrCreate' } }];
  const spec = { serviceAccountName: 'app', terminationGracePeriodSeconds: 30, containers: [app], volumes };
  const metadata = { name: 'app', namespace };
  const all = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata,
      rules: [
        { apiGroups: [''], resources: ['pods'], verbs: ['create', 'get', 'list', 'watch', 'delete'] },
        { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
        { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'delete'] },
      ],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'app' },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    },
    { ...deployment, metadata, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } } },
  ];
  return all as KubernetesObject[];
}
