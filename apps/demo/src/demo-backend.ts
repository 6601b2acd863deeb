import { LocalBackend, ProcessBackend } from 'nestjs-flame';
import { DockerBackend } from 'nestjs-flame/docker';
import { KubernetesBackend } from 'nestjs-flame/kubernetes';
import type { PodManifest } from 'nestjs-flame/kubernetes';
import { SshBackend } from 'nestjs-flame/ssh';
import type { SshHostOptions } from 'nestjs-flame/ssh';
import type { FlameBackend } from 'nestjs-flame';

/** How this app's machines are made: as `DEMO_BACKEND` says, as processes where it says nothing. */
export function demoBackend(env: NodeJS.ProcessEnv = process.env): FlameBackend {
  const { DEMO_BACKEND, RUNNER_BUNDLE, RUNNER_ENTRY, VIDEO_STORE } = env;
  switch (DEMO_BACKEND) {
    // For comparison: the same app without other processes, which does one video after the other.
    case 'local':
      return new LocalBackend();
    // In a container: runners are made from its own image and join its network. What they need beside is the videos.
    case 'docker':
      return new DockerBackend({
        env: { VIDEO_STORE },
        mounts: VIDEO_STORE ? [{ Type: 'bind', Source: VIDEO_STORE, Target: VIDEO_STORE }] : [],
      });
    // In a pod: runners are made like it, with its image, variables and volumes.
    case 'kubernetes':
      return new KubernetesBackend();
    // From this process on a host, with an image that holds only Node: containers get the app's code from here, and keep it in a volume.
    case 'docker-shipped':
      return new DockerBackend({
        image: env.DEMO_IMAGE!,
        network: env.DEMO_NETWORK!,
        shipCode: { cache: '/code' },
        env: { VIDEO_STORE },
        mounts: [
          { Type: 'volume', Source: env.DEMO_CACHE!, Target: '/code' },
          { Type: 'bind', Source: VIDEO_STORE!, Target: VIDEO_STORE! },
        ],
      });
    // The same with pods, which keep it on their node.
    case 'kubernetes-shipped':
      return new KubernetesBackend({
        namespace: env.DEMO_NAMESPACE!,
        parentHostname: env.DEMO_PARENT_HOST!,
        shipCode: { cache: '/code' },
        env: { VIDEO_STORE },
        manifest: shippedPod(env.DEMO_IMAGE!, { code: [env.DEMO_CACHE!, '/code'], store: [VIDEO_STORE!, VIDEO_STORE!] }),
      });
    // On a few servers, which keep it in a folder.
    case 'ssh-shipped':
      return new SshBackend({
        // Runners make the backend, too, and do not use it.
        hosts: JSON.parse(env.DEMO_SSH_HOSTS!) as SshHostOptions[],
        node: env.DEMO_NODE,
        shipCode: { cache: env.DEMO_CACHE! },
        env: { VIDEO_STORE },
        inheritEnv: ['DEMO_SSH_HOSTS', 'DEMO_NODE', 'DEMO_CACHE', 'DEMO_BACKEND'],
      });
    default:
      // The driver measures cold starts, which is not the app's main file.
      return new ProcessBackend({ entry: RUNNER_ENTRY, bundle: RUNNER_BUNDLE !== 'no' });
  }
}

/** A pod of this image with folders of its node, each as its path there and in the pod. */
function shippedPod(image: string, folders: Readonly<Record<string, readonly [string, string]>>): PodManifest {
  const all = Object.entries(folders);
  const volumeMounts = all.map(([name, [, mountPath]]) => ({ name, mountPath }));
  return {
    spec: {
      containers: [{ name: 'app', image, imagePullPolicy: 'IfNotPresent', volumeMounts }],
      volumes: all.map(([name, [path]]) => ({ name, hostPath: { path } })),
    },
  };
}
