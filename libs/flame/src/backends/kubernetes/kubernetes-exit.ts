import type { V1ContainerStateTerminated, V1Pod } from '@kubernetes/client-node';
import type { MachineExit } from '../backend.js';
import { signalOfExitCode } from '../platform/machine-end.js';
import { processExit } from '../process/process-exit.js';

/** The known facts about the end of a runner's pod. */
export interface PodEnd {
  /** The last known state; undefined if it was never seen. */
  readonly pod: V1Pod | undefined;
  /** The end of the container; undefined if the cluster did not report it. */
  readonly ended: V1ContainerStateTerminated | undefined;
  readonly container: string;
  /** Whether the backend stopped the pod. */
  readonly stopped: boolean;
  readonly heapFull: boolean;
}

/** Describes the end of a pod as a `MachineExit`. */
export function podExit({ pod, ended, container, stopped, heapFull }: PodEnd): MachineExit {
  const code = ended?.exitCode;
  const signal = code === undefined ? undefined : signalOfExitCode(code);
  const how = code === undefined ? undefined : signal === undefined ? `exit code ${code}` : `killed by ${signal}`;
  const facts = { ...(code !== undefined && { code }), ...(signal !== undefined && { signal }) };
  const beside = how === undefined ? '' : ` (${how})`;
  if (stopped) return { how: 'stopped', ...facts, text: `stopped${beside}` };
  if (ended?.reason === 'OOMKilled') return { how: 'oom', ...facts, text: `out of memory (limit ${memoryLimit(pod, container)})` };
  const { status, metadata } = pod ?? {};
  if (status?.reason === 'DeadlineExceeded')
    return { how: 'stopped', ...facts, text: `its pod reached its activeDeadlineSeconds${beside}: ${said(status.message)}` };
  if (status?.reason !== undefined) return { how: 'evicted', ...facts, text: `${status.reason}${beside}: ${said(status.message)}` };
  // Since Kubernetes 1.26 a pod has a condition with the reason for its deletion.
  const disruption = status?.conditions?.find(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True');
  if (disruption !== undefined)
    return { how: 'evicted', ...facts, text: `${disruption.reason ?? 'disrupted'}${beside}: ${said(disruption.message)}` };
  if (metadata?.deletionTimestamp !== undefined || (ended === undefined && pod !== undefined)) {
    const text = `its pod was deleted from outside${beside}: it was evicted, its node was drained, or it was deleted by hand`;
    return { how: 'evicted', ...facts, text };
  }
  if (code === undefined) return { how: 'vanished', text: 'its pod no longer exists, and the cluster reports no reason' };
  return { ...processExit({ code: signal ? null : code, signal: signal ?? null, stopped, heapFull }), code };
}

function said(message: string | undefined): string {
  return message?.trim().replace(/\.$/, '') || 'no further message';
}

function memoryLimit(pod: V1Pod | undefined, container: string): string {
  return pod?.spec?.containers.find(({ name }) => name === container)?.resources?.limits?.['memory'] ?? 'of the node';
}
