import { LocalBackend, ProcessBackend } from 'nestjs-flame';
import { DockerBackend } from 'nestjs-flame/docker';
import { KubernetesBackend } from 'nestjs-flame/kubernetes';
import type { FlameBackend } from 'nestjs-flame';

/** How this app's machines are made: as `DEMO_BACKEND` says, as processes where it says nothing. */
export function demoBackend({ DEMO_BACKEND, RUNNER_BUNDLE, RUNNER_ENTRY, VIDEO_STORE }: NodeJS.ProcessEnv = process.env): FlameBackend {
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
    default:
      // The driver measures cold starts, which is not the app's main file.
      return new ProcessBackend({ entry: RUNNER_ENTRY, bundle: RUNNER_BUNDLE !== 'no' });
  }
}
