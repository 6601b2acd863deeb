import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { FlameBackend } from '../../libs/flame/src/backends/backend.js';
import { DockerBackend } from '../../libs/flame/src/backends/docker/docker-backend.js';
import { FlyBackend } from '../../libs/flame/src/backends/fly/fly-backend.js';
import { KubernetesBackend } from '../../libs/flame/src/backends/kubernetes/kubernetes-backend.js';
import { BrokenApi } from './broken-api.js';
import type { Answer, Asked } from './broken-api.js';

/** A platform whose API breaks, with the platform's real client. */
export interface BrokenPlatform {
  readonly api: BrokenApi;
  readonly backend: FlameBackend;
  /** The request that creates a machine. */
  readonly create: RegExp;
  /** The request that lists machines. */
  readonly list: RegExp;
  /** The request with which the backend looks for a machine to remove whose id it does not know. */
  readonly look: RegExp;
  /** The existing machines. */
  readonly machines: Set<string>;
  /** Creates the machine of a request. */
  readonly make: (asked: Asked) => void;
  /** The API's name in warnings. */
  readonly called: string;
  /** The log line that says what to remove by hand. */
  readonly byHand: RegExp;
}

const requestTimeout = 500;
const notThere: Answer = { status: 404, body: { message: 'it is not there', error: 'it is not there' } };

export async function brokenKubernetes(): Promise<BrokenPlatform> {
  const pods = new Map<string, object>();
  const make = ({ body }: Asked): object => {
    const { name } = body['metadata'] as { name: string };
    const status = { phase: 'Running', containerStatuses: [{ name: 'app', state: { running: { startedAt: '2026-01-01T00:00:00Z' } } }] };
    const pod = { ...body, metadata: { ...(body['metadata'] as object), uid: `uid of ${name}` }, status };
    pods.set(name, pod);
    return pod;
  };
  const api = new BrokenApi((asked) => {
    const { line, query } = asked;
    if (line.endsWith('selfsubjectaccessreviews')) return { status: 201, body: { status: { allowed: true } } };
    if (line === 'POST /api/v1/namespaces/default/pods') return { status: 201, body: make(asked) };
    if (line === 'POST /api/v1/namespaces/default/secrets') return { status: 201 };
    if (line === 'GET /api/v1/namespaces/default/pods')
      return query.has('watch') ? 'stream' : { status: 200, body: { items: [...pods.values()], metadata: { resourceVersion: '1' } } };
    if (line.endsWith('/log')) return 'stream';
    const [, name] = /^DELETE .*\/pods\/(.+)$/.exec(line) ?? [];
    const pod = pods.get(name!);
    if (!pod) return line.includes('/secrets/') ? { status: 200 } : notThere;
    pods.delete(name!);
    api.tell({ type: 'DELETED', object: pod });
    return { status: 200, body: pod };
  });
  const server = await api.open();
  const folder = mkdtempSync(join(tmpdir(), 'flame-kubeconfig-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const kubeconfig = join(folder, 'config');
  const cluster = { name: 'broken', cluster: { server, 'insecure-skip-tls-verify': true } };
  const context = { name: 'broken', context: { cluster: 'broken', user: 'broken' } };
  const user = { name: 'broken', user: { token: 'broken' } };
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [cluster],
      contexts: [context],
      users: [user],
      'current-context': 'broken',
      kind: 'Config',
      apiVersion: 'v1',
    }),
  );
  const manifest = { spec: { containers: [{ name: 'app', image: 'app:1' }] } };
  return {
    api,
    backend: new KubernetesBackend({ kubeconfig, manifest, parentHostname: '127.0.0.1', namespace: 'default', requestTimeout }),
    create: /^POST .*\/pods$/,
    list: /^GET .*\/pods$/,
    look: /^DELETE .*\/pods\//,
    machines: pods as unknown as Set<string>,
    make,
    called: `the API server at ${server}`,
    byHand: /kubectl -n default delete pod \S+/,
  };
}

export async function brokenDocker(): Promise<BrokenPlatform> {
  const containers = new Map<string, string>();
  const make = ({ query }: Asked): string => {
    const id = Buffer.from(query.get('name')!.slice(-6)).toString('hex').padEnd(64, '0');
    containers.set(id, query.get('name')!);
    return id;
  };
  const find = (name: string): string | undefined => [...containers].find(([id, called]) => id === name || called === name)?.[0];
  const api = new BrokenApi((asked) => {
    const line = asked.line.replace('/v1.41', '');
    if (line === 'GET /version') return { status: 200, body: { Version: '20.10.0', ApiVersion: '1.41' } };
    if (line === 'GET /networks/flame') return { status: 200, body: { Driver: 'bridge' } };
    if (line === 'POST /containers/create') return { status: 201, body: { Id: make(asked) } };
    if (line === 'GET /containers/json')
      return { status: 200, body: Array.from(containers.keys(), (Id) => ({ Id, State: 'running', Labels: {} })) };
    const [, method, name, what] = /^(\w+) \/containers\/([^/]+)\/?(\w*)$/.exec(line) ?? [];
    const id = find(name ?? '');
    if (id === undefined) return notThere;
    if (method === 'DELETE') containers.delete(id);
    if (what === 'wait' || what === 'attach') return 'stream';
    return { status: 204 };
  });
  const server = await api.open();
  const host = process.env['DOCKER_HOST'];
  process.env['DOCKER_HOST'] = server.replace('http:', 'tcp:');
  onTestFinished(() => {
    if (host === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = host;
  });
  return {
    api,
    backend: new DockerBackend({ image: 'app:1', network: 'flame', parentHostname: '127.0.0.1', requestTimeout }),
    create: /^POST .*\/create$/,
    list: /^GET .*\/containers\/json$/,
    look: /^DELETE .*\/containers\//,
    machines: containers as unknown as Set<string>,
    make,
    called: `the Docker Engine at ${server.replace('http:', 'tcp:')}`,
    byHand: /docker rm -f \S+/,
  };
}

export async function brokenFly(): Promise<BrokenPlatform> {
  const machines = new Map<string, object>();
  const make = ({ body }: Asked): object => {
    const id = `m${machines.size + 1}`;
    const machine = { id, instance_id: 'i1', state: 'started', config: body['config'], events: [] };
    machines.set(id, machine);
    return machine;
  };
  const api = new BrokenApi((asked) => {
    const { line, query } = asked;
    if (line === 'POST /v1/apps/app/machines') return { status: 200, body: make(asked) };
    if (line === 'GET /v1/apps/app/machines') return { status: 200, body: [...machines.values()] };
    const [, method, id, what] = /^(\w+) \/v1\/apps\/app\/machines\/([^/]+)\/?(\w*)$/.exec(line) ?? [];
    if (!machines.has(id!)) return notThere;
    if (what === 'wait') return query.get('state') === 'started' ? { status: 200 } : 'silent';
    if (method === 'DELETE') machines.delete(id!);
    return { status: 200, body: machines.get(id!) };
  });
  const host = await api.open();
  const place = { app: 'app', region: 'fra', image: 'app:1', token: 'token', parentHostname: '127.0.0.1' };
  return {
    api,
    backend: new FlyBackend({ ...place, host, requestTimeout }),
    create: /^POST .*\/machines$/,
    list: /^GET .*\/machines$/,
    look: /^GET .*\/machines$/,
    machines: machines as unknown as Set<string>,
    make,
    called: `the Machines API at ${host}`,
    byHand: /fly: machine m1 may still exist/,
  };
}
