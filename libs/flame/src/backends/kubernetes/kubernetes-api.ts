import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type * as Client from '@kubernetes/client-node';
import type { CoreV1Api, KubeConfig, V1Pod } from '@kubernetes/client-node';
import { FlameError } from '../../core/errors/flame-error.js';
import type { FlameLog } from '../../core/flame-log.js';
import { longestTimer } from '../platform/machine-end.js';
import { PlatformRequests } from '../platform/platform-requests.js';
import type { RequestRules } from '../platform/platform-requests.js';
import { retryAfterOf, statusOf, wordsOf } from './kubernetes-failure.js';
import type { KubernetesConfig } from './kubernetes-options.js';
import { importPeer } from '../../core/optional-peer.js';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** A connected cluster, and the parent's place in it. */
export interface Cluster {
  readonly client: typeof Client;
  readonly config: KubeConfig;
  readonly api: CoreV1Api;
  readonly requests: PlatformRequests;
  /** Sends one request with a limit. `send` passes `options` to the client. `what` is for people. */
  ask<T>(what: string, send: (options: Limited) => Promise<T>, rules?: RequestRules): Promise<T>;
  /** The namespace of runners' pods. */
  readonly namespace: string;
  /** The address of the API server, for people. */
  readonly address: string;
  /** The parent's pod, and the name of the app's container in it; undefined outside of the cluster. */
  readonly own: OwnPod | undefined;
}

/** The last argument of a client's methods, with which a signal ends their request. */
export interface Limited {
  readonly middleware: Client.ObservableMiddleware[];
}

export interface OwnPod {
  readonly pod: V1Pod;
  readonly container: string;
}

/** The folder with a pod's own credentials and namespace. */
const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Connects to the API server: with the pod's service account inside a cluster, otherwise with the kubeconfig.
 *
 * @throws {FlameError} FLAME_CONFIG when the client is not installed, there is no cluster, or the parent's own pod cannot be found.
 */
export async function connectKubernetes(options: KubernetesConfig, log: FlameLog): Promise<Cluster> {
  const client = await importPeer('KubernetesBackend', '@kubernetes/client-node', () => import('@kubernetes/client-node'));
  const config = new client.KubeConfig();
  const inside = options.kubeconfig === undefined && process.env.KUBERNETES_SERVICE_HOST !== undefined && existsSync(serviceAccount);
  try {
    if (inside) config.loadFromCluster();
    else if (options.kubeconfig !== undefined) config.loadFromFile(options.kubeconfig);
    else config.loadFromDefault();
  } catch (error) {
    throw new FlameError('FLAME_CONFIG', `KubernetesBackend.kubeconfig cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const address = config.getCurrentCluster()?.server;
  if (address === undefined) {
    throw new FlameError('FLAME_CONFIG', 'KubernetesBackend found no cluster. Run the app in a pod, or set kubeconfig.');
  }
  const api = config.makeApiClient(client.CoreV1Api);
  const requests = new PlatformRequests({
    backend: 'kubernetes',
    api: `the API server at ${address}`,
    requestTimeout: options.requestTimeout,
    log,
    statusOf,
    retryAfterOf,
  });
  const ask: Cluster['ask'] = (what, send, rules) => requests.send(what, (signal) => send(limitedBy(client, signal)), rules);
  const home = process.env.POD_NAMESPACE ?? (inside ? readFileSync(`${serviceAccount}/namespace`, 'utf8').trim() : undefined);
  const context = config.getContextObject(config.getCurrentContext())?.namespace;
  const namespace = options.namespace ?? home ?? context ?? 'default';
  const own = inside ? await findOwnPod({ api, ask }, home!, options.appContainerName) : undefined;
  return { client, config, api, requests, ask, namespace, address, own };
}

function limitedBy({ Observable }: typeof Client, signal: AbortSignal): Limited {
  const pre = (request: Client.RequestContext): Client.Observable<Client.RequestContext> => {
    request.setSignal(signal);
    return new Observable(Promise.resolve(request));
  };
  return { middleware: [{ pre, post: (response) => new Observable(Promise.resolve(response)) }] };
}

async function findOwnPod({ api, ask }: Pick<Cluster, 'api' | 'ask'>, namespace: string, wanted: string | undefined): Promise<OwnPod> {
  const name = process.env.POD_NAME ?? hostname();
  const asked = ask(`read pod ${name}`, (options) => api.readNamespacedPod({ name, namespace }, options), { repeat: true });
  const pod = await asked.catch((error: unknown) => {
    const fix =
      statusOf(error) === 404
        ? 'Set the environment variable POD_NAME of the container with valueFrom.fieldRef metadata.name'
        : 'Grant its service account the rights in docs/backends/kubernetes.md';
    throw new FlameError(
      'FLAME_CONFIG',
      `KubernetesBackend cannot read the pod of its parent, "${name}" in namespace "${namespace}": ${wordsOf(error)}. ${fix}.`,
      { cause: error },
    );
  });
  return { pod, container: appContainer(pod, wanted) };
}

/** @throws {FlameError} FLAME_CONFIG when the app's container cannot be determined. */
function appContainer({ metadata, spec }: V1Pod, wanted: string | undefined): string {
  const names = spec!.containers.map(({ name }) => name);
  const name = wanted ?? (names.length === 1 ? names[0]! : metadata?.annotations?.['kubectl.kubernetes.io/default-container']);
  if (name !== undefined && names.includes(name)) return name;
  throw new FlameError(
    'FLAME_CONFIG',
    name === undefined
      ? `KubernetesBackend.appContainerName is missing: the parent's pod has several containers. Set it to one of: ${names.join(', ')}.`
      : `KubernetesBackend.appContainerName is "${name}", but the parent's pod has no such container. Set it to one of: ${names.join(', ')}.`,
  );
}

/** Idle time in milliseconds after which a connection is probed, so that a dead connection breaks. */
const probeAfter = 30_000;

/** A streamed answer of the API server. */
export interface Stream {
  /** The path relative to the server's address. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /**
   * Milliseconds for the answer to begin. Not for requests that the API server answers only after a first event, such as the first log
   * line. No limit if omitted.
   */
  readonly limit?: number;
  /** Reads the answer. */
  readonly read: (answer: IncomingMessage) => void;
}

/**
 * Resolves at the end of the answer. Used because the client library's `Watch` and `Log` cannot end a request that is not answered.
 *
 * @throws {Error} when the connection breaks, with the status as its `code` when the answer is a refusal; the signal's reason.
 */
export async function readStream({ config }: Cluster, { path, query, signal, limit = Infinity, read }: Stream): Promise<void> {
  const url = new URL(`${config.getCurrentCluster()!.server}${path}?${new URLSearchParams(query)}`);
  const options = {};
  await config.applyToHTTPSOptions(options);
  await new Promise<void>((resolve, reject) => {
    const send = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const request = send(url, { ...options, signal }, (answer: IncomingMessage) => {
      answer.socket.setTimeout(0);
      answer.once('error', reject).once('close', () => reject(new Error('the connection broke')));
      if (answer.statusCode === 200) {
        read(answer);
        answer.once('end', resolve);
      } else {
        answer.resume();
        reject(Object.assign(new Error(answer.statusMessage || `status ${answer.statusCode}`), { code: answer.statusCode }));
      }
    });
    request.setSocketKeepAlive(true, probeAfter);
    if (limit <= longestTimer) request.setTimeout(limit, () => request.destroy(new Error(`no answer within ${limit} ms`)));
    request.once('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error)).end();
  });
}
