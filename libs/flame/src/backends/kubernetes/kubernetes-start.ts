import type { V1Pod } from '@kubernetes/client-node';
import { BootError } from '../../core/errors/boot-error.js';
import { podExit } from './kubernetes-exit.js';
import type { PodView } from './kubernetes-watch.js';

/** Reasons for which a container cannot be started. The kubelet retries forever, without success. */
const stuck: Readonly<Record<string, 'fatal' | 'transient'>> = {
  InvalidImageName: 'fatal',
  ErrImageNeverPull: 'fatal',
  ErrImagePull: 'transient',
  ImagePullBackOff: 'transient',
  RegistryUnavailable: 'transient',
  ImageInspectError: 'transient',
  CreateContainerConfigError: 'fatal',
  CreateContainerError: 'transient',
  RunContainerError: 'transient',
};
/** Errors that a later pull cannot fix. */
const noSuchImage = /not found|manifest unknown|unauthorized|denied|authentication required|no basic auth|insufficient_scope/i;

/** The input of `started`. */
export interface Start {
  readonly view: PodView;
  readonly container: string;
  /** The name of the backend's own Secret, which is made after the pod that owns it. */
  readonly secret: string;
  readonly schedulingTimeout: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves when the container runs, or has run. @throws {BootError} with the cluster's error text, as soon as it is certain that the
 * container will not run.
 */
export async function started({ view, container, secret, schedulingTimeout, signal }: Start): Promise<void> {
  let waited: NodeJS.Timeout | undefined;
  let patient = true;
  const look = (): true | undefined => {
    const { pod } = view;
    if (view.gone || pod?.metadata?.deletionTimestamp !== undefined || pod?.status?.phase === 'Failed') {
      if (view.ended(container)) return true;
      const { text } = podExit({ pod, ended: undefined, container, stopped: false, heapFull: false });
      throw new BootError(`kubernetes: pod ${view.name} ended before it was started: ${text}`, { phase: 'start' });
    }
    const state = pod?.status?.containerStatuses?.find(({ name }) => name === container)?.state;
    if (state?.running || state?.terminated) return true;
    const { reason, message } = state?.waiting ?? {};
    if (reason !== undefined && reason in stuck && !passing(message ?? '', secret)) {
      const fatal = stuck[reason] === 'fatal' || noSuchImage.test(message ?? '');
      throw new BootError(`kubernetes: pod ${view.name} cannot be started: ${reason}: ${message ?? 'no further message'}`, {
        phase: 'start',
        fatal,
      });
    }
    const unschedulable = unschedulableWords(pod);
    if (unschedulable === undefined) return undefined;
    if (!patient) {
      throw new BootError(
        `kubernetes: no node for pod ${view.name} within ${schedulingTimeout} ms: ${unschedulable}. Free or add capacity; if the cluster adds nodes on demand, raise schedulingTimeout`,
        { phase: 'start' },
      );
    }
    waited ??= setTimeout(
      () => {
        patient = false;
        view.saw(view.pod);
      },
      Math.min(schedulingTimeout, 2 ** 31 - 1),
    );
    return undefined;
  };
  try {
    await view.until(look, signal);
  } finally {
    clearTimeout(waited);
  }
}

/**
 * Whether the kubelet fixes the problem itself within seconds: the backend's own Secret is still being made, or the kubelet has not
 * received an update from the API server in time.
 */
function passing(message: string, secret: string): boolean {
  return message.includes(`"${secret}" not found`) || /failed to sync (secret|configmap) cache/.test(message);
}

function unschedulableWords(pod: V1Pod | undefined): string | undefined {
  const scheduled = pod?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return scheduled?.status === 'False' && scheduled.reason === 'Unschedulable'
    ? (scheduled.message?.replace(/\.$/, '') ?? 'no further message')
    : undefined;
}
