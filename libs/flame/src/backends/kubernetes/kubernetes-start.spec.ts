import { describe, expect, it } from 'vitest';
import type { V1ContainerState } from '@kubernetes/client-node';
import { PodView } from './kubernetes-watch.js';
import { started } from './kubernetes-start.js';

/** A pod whose container goes through these states. */
function through(...states: V1ContainerState[]): Promise<void> {
  const view = new PodView('p-1');
  const rules = { container: 'app', secret: 'flame-p-1', schedulingTimeout: 5_000, signal: new AbortController().signal };
  const start = started({ view, ...rules });
  for (const state of states) view.saw({ status: { containerStatuses: [{ name: 'app', state }] } } as never);
  return start;
}

const waiting = (reason: string, message: string): V1ContainerState => ({ waiting: { reason, message } });
const running: V1ContainerState = { running: {} };

describe('The start of a pod', () => {
  it.each([
    ['the kubelet has not heard of the Secret in time', 'failed to sync secret cache: timed out waiting for the condition'],
    ['the kubelet has not heard of a ConfigMap in time', 'failed to sync configmap cache: timed out waiting for the condition'],
    ['our own Secret is still being made', 'secret "flame-p-1" not found'],
  ])('waits while %s, which is temporary', async (_, message) => {
    await through(waiting('CreateContainerConfigError', message), running);
  });

  it('fails with a fatal error if something is missing that will not be created', async () => {
    const missing = through(waiting('CreateContainerConfigError', 'configmap "nope" not found'), running);
    await expect(missing).rejects.toMatchObject({
      message: 'kubernetes: pod p-1 cannot be started: CreateContainerConfigError: configmap "nope" not found',
      fatal: true,
    });
  });

  it('fails with a retryable error if the registry does not answer', async () => {
    await expect(through(waiting('ErrImagePull', 'dial tcp: i/o timeout'), running)).rejects.toMatchObject({ fatal: false });
  });
});
