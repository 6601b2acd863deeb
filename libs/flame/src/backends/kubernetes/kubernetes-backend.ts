import type { V1OwnerReference, V1Pod } from '@kubernetes/client-node';
import type { Check } from '../../core/check.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { FlameLog } from '../../core/flame-log.js';
import { FlameBackend } from '../backend.js';
import type { BackendContext, BootRequest, Machine } from '../backend.js';
import { limitBoot } from '../platform/boot-limit.js';
import { Leftovers } from '../platform/leftovers.js';
import { connectKubernetes } from './kubernetes-api.js';
import type { Cluster } from './kubernetes-api.js';
import { examineKubernetes, missingRights } from './kubernetes-examination.js';
import { kubernetesFailure, statusOf } from './kubernetes-failure.js';
import { KubernetesMachine, leavePod, removeBoth } from './kubernetes-machine.js';
import { appContainerOf, labelPrefix, podManifest, podSecret, podTemplate } from './kubernetes-create.js';
import type { PodPlan } from './kubernetes-create.js';
import { checkKubernetesOptions } from './kubernetes-options.js';
import type { KubernetesBackendOptions, KubernetesConfig } from './kubernetes-options.js';
import { ownHome, removeOrphans } from './kubernetes-orphans.js';
import { flameParentOf, ShippedCode } from '../ship/shipped-code.js';
import { PodOutput } from './kubernetes-output.js';
import { PodWatch } from './kubernetes-watch.js';
import { started } from './kubernetes-start.js';

/** State that exists after `prepare`. */
interface Prepared {
  readonly cluster: Cluster;
  readonly host: string;
  readonly plan: PodPlan;
  readonly watch: PodWatch;
  readonly leftovers: Leftovers;
  readonly parent: string;
  readonly log: FlameLog;
}

/**
 * Runs every runner as a pod. If the parent runs in a pod itself, no options are needed: runners' pods are copies of the parent's pod,
 * without the labels by which Services and ReplicaSets select it, and they reach the parent at its address.
 *
 * A pod has a Secret with the values that only its runner may read. Both are removed as soon as the pod's end has been seen. If a parent is
 * killed, its pods end by themselves. The next parent removes them, and the cluster removes them together with their owner. Needs the
 * package \@kubernetes/client-node and the rights of docs/backends/kubernetes.md.
 */
export class KubernetesBackend extends FlameBackend {
  readonly name = 'kubernetes';
  readonly reach = 'network';
  readonly #config: KubernetesConfig;
  readonly #machines = new Set<KubernetesMachine>();
  /** Pods whose creation was requested, but not confirmed by an answer. */
  readonly #unheard = new Set<string>();
  readonly #closing = new AbortController();
  readonly #code: ShippedCode | undefined;
  #prepared: Prepared | undefined;

  /** @throws {FlameError} FLAME_CONFIG when an option is wrong. */
  constructor(options: KubernetesBackendOptions = {}) {
    super();
    this.#config = checkKubernetesOptions(options);
    this.#code = this.#config.shipCode && new ShippedCode(this.#config.shipCode, this.name, 'KubernetesBackend.shipCode');
  }

  override async prepare({ parent, log }: BackendContext): Promise<void> {
    const cluster = await connectKubernetes(this.#config, log);
    const { own, namespace } = cluster;
    const host = this.#config.parentHostname ?? process.env.POD_IP ?? own?.pod.status?.podIP;
    if (host === undefined) {
      throw new FlameError(
        'FLAME_CONFIG',
        'KubernetesBackend.parentHostname is missing: this parent runs outside of a pod. Set it to the host name or address under which pods reach this process.',
      );
    }
    const missing = await missingRights(cluster);
    if (missing.length > 0) {
      throw new FlameError(
        'FLAME_CONFIG',
        `KubernetesBackend may not ${missing.join(', ')} in namespace "${namespace}". Grant the parent's service account these rights: docs/backends/kubernetes.md has the manifests.`,
      );
    }
    const plan = {
      config: this.#config,
      template: podTemplate(own),
      container: own?.container ?? this.#config.appContainerName,
      owner: ownerOf(this.#config.owner, cluster),
      home: ownHome(cluster),
    };
    const watch = new PodWatch(cluster, `${labelPrefix}parent=${parent}`, log);
    const leftovers = new Leftovers(log, cluster.requests.limit);
    this.#prepared = { cluster, host, plan, watch, leftovers, parent, log };
    await this.#code?.prepare(log);
  }

  async boot(request: BootRequest): Promise<Machine> {
    request.signal.throwIfAborted();
    const { cluster, plan, watch, leftovers, log } = this.#ready;
    const { bootTimeout, schedulingTimeout } = this.#config;
    const late = `kubernetes: the cluster did not create and start a pod within ${bootTimeout} ms`;
    const signal = limitBoot(request.signal, bootTimeout, late, 'start');
    const manifest = podManifest(plan, request);
    const name = manifest.metadata!.name!;
    const view = watch.follow(name);
    try {
      const pod = await this.#create(manifest, request, signal);
      watch.made(pod);
      const container = appContainerOf(manifest);
      await started({ view, container, secret: name, schedulingTimeout, signal });
      const over = (): boolean => view.over(container);
      const output = new PodOutput(cluster, name, container, request.output, over);
      return this.#keep(new KubernetesMachine({ cluster, view, container, output, leftovers, log, signal: request.signal }));
    } catch (error) {
      await this.#clear(name, error);
      watch.unfollow(name);
      throw error;
    }
  }

  override async reap(signal?: AbortSignal): Promise<number> {
    const { cluster, parent } = this.#ready;
    return removeOrphans(cluster, parent, signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal);
  }

  override async examine(signal: AbortSignal): Promise<readonly Check[]> {
    const { cluster, host, plan, parent } = this.#ready;
    const request = { parent, pool: 'doctor', runner: 'doctor', shutdownTimeout: 1_000 };
    return examineKubernetes(cluster, host, () => podManifest(plan, request), signal);
  }

  override async machines(): Promise<readonly string[]> {
    const { cluster, parent } = this.#ready;
    const request = { namespace: cluster.namespace, labelSelector: `${labelPrefix}parent=${parent}` };
    const { items } = await cluster.ask('list pods', (options) => cluster.api.listNamespacedPod(request, options), { repeat: true });
    return items.map(({ metadata }) => metadata!.name!);
  }

  override async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(Array.from(this.#machines, (machine) => machine.stop(0)));
    await this.#prepared?.leftovers.close();
    await this.#code?.close();
  }

  get #ready(): Prepared {
    if (this.#prepared === undefined)
      throw new FlameError('FLAME_CONFIG', 'KubernetesBackend was not prepared: pass it to FlameModule.forRoot');
    return this.#prepared;
  }

  /**
   * Makes the pod first, because the pod owns its Secret. The Secret is in time: the node reads it after it has made the pod's network,
   * which takes longer.
   */
  async #create(manifest: V1Pod, request: BootRequest, signal: AbortSignal): Promise<V1Pod> {
    const { cluster, host } = this.#ready;
    const { api, ask, namespace } = cluster;
    const flameParent = await flameParentOf(this.#code, request, { host });
    signal.throwIfAborted();
    try {
      const { name } = manifest.metadata!;
      const rules = { patience: 4, signal };
      const pod = await ask(`create pod ${name}`, (options) => api.createNamespacedPod({ namespace, body: manifest }, options), rules);
      const body = podSecret(pod, flameParent, this.#config);
      await ask(`create secret ${name}`, (options) => api.createNamespacedSecret({ namespace, body }, options), rules);
      return pod;
    } catch (error) {
      if (statusOf(error) === undefined) this.#unheard.add(manifest.metadata!.name!);
      signal.throwIfAborted();
      const secrets = [flameParent, Buffer.from(flameParent).toString('base64'), ...Object.values(this.#config.secretEnv)];
      throw kubernetesFailure(error, 'create', 'the pod could not be created', secrets);
    }
  }

  /**
   * Removes a failed boot's pod and Secret. If a request got no answer, it is unknown whether the API server has made them, or will make
   * them later.
   */
  async #clear(name: string, why: unknown): Promise<void> {
    const { cluster, leftovers } = this.#ready;
    const unheard = this.#unheard.delete(name);
    try {
      const removed = await removeBoth(cluster, name);
      if (!removed && unheard) leavePod(cluster, leftovers, name, why as Error, true);
    } catch (error) {
      leavePod(cluster, leftovers, name, error as Error, unheard);
    }
  }

  #keep(machine: KubernetesMachine): KubernetesMachine {
    this.#machines.add(machine);
    void machine.exited.then(() => {
      this.#machines.delete(machine);
      this.#prepared?.watch.unfollow(machine.id);
    });
    return machine;
  }
}

/**
 * The owner of runners' pods: the cluster removes the pods when it removes the owner. By default it is the controller of the parent's pod,
 * which exists much longer than the pod: the ReplicaSet of a Deployment remains, empty, after a rollout. Owners must be in the same
 * namespace.
 */
function ownerOf(wanted: KubernetesConfig['owner'], { own, namespace }: Cluster): V1OwnerReference | undefined {
  const { name, uid, ownerReferences, namespace: home } = own?.pod.metadata ?? {};
  if (wanted === 'none' || own === undefined || home !== namespace) return undefined;
  const maker = ownerReferences?.find(({ controller }) => controller);
  if (wanted === 'pod' || maker === undefined) return { apiVersion: 'v1', kind: 'Pod', name: name!, uid: uid! };
  return { apiVersion: maker.apiVersion, kind: maker.kind, name: maker.name, uid: maker.uid };
}
