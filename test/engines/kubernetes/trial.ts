import { join } from 'node:path';
import { KubernetesBackend } from 'nestjs-flame/kubernetes';
import type { KubernetesBackendOptions } from 'nestjs-flame/kubernetes';
import { marksFolder, runnerEntry } from '../../support/trial-backends.js';
import type { TrialBackend } from '../../support/trial-backends.js';
import { core, execIn, hostAddress, namespaceOf, nodeImage } from './cluster.js';

/** Where the rules of the conformance suite make their pods. */
export const namespace = await namespaceOf('rules');

const repository = join(import.meta.dirname, '../../..');

/** A pod that sees this repository, and the marks that handlers leave, where this process sees them. */
export function mounted(program: string, options: KubernetesBackendOptions = {}, spec: object = {}): KubernetesBackend {
  const folder = (name: string, path: string, readOnly: boolean): object[] => [
    { name, hostPath: { path } },
    { name, mountPath: path, readOnly },
  ];
  const [code, codeMount] = folder('code', repository, true);
  const [marks, marksMount] = folder('marks', marksFolder, false);
  return new KubernetesBackend({
    namespace,
    parentHostname: hostAddress,
    manifest: {
      spec: {
        containers: [
          {
            name: 'app',
            image: nodeImage,
            imagePullPolicy: 'Never',
            command: ['node', program],
            volumeMounts: [codeMount, marksMount],
          },
        ],
        volumes: [code, marks],
        ...spec,
      },
    },
    ...options,
  });
}

/** The conformance suite's runners in pods, its parent on their node. */
export const trial: TrialBackend = {
  name: 'kubernetes',
  isolated: true,
  onHost: false,
  bootTimeout: 90_000,
  make: () => mounted(runnerEntry),
  // All processes of the pod but its first, which is Kubernetes' own.
  signal: async (machine, signal) => void (await execIn(machine, `kill -${signal.slice(3)} -1`, namespace)),
  gone: async (machine) =>
    core.readNamespacedPod({ name: machine, namespace }).then(
      () => false,
      (error: { code?: number }) => error.code === 404,
    ),
};
