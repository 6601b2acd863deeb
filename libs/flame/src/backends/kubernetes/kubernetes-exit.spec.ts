import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { podExit } from './kubernetes-exit.js';

const pod = (status: V1Pod['status'], metadata: V1Pod['metadata'] = {}): V1Pod => ({
  metadata,
  spec: { containers: [{ name: 'app', resources: { limits: { memory: '64Mi' } } }] },
  status: status!,
});
const ended = (exitCode: number, reason = 'Error'): { exitCode: number; reason: string } => ({ exitCode, reason });
const deleted = { deletionTimestamp: new Date(0) };
const drained = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting.' };

describe('podExit', () => {
  it.each<[string, Parameters<typeof podExit>[0], object]>([
    [
      'an exit',
      { pod: pod({}), ended: ended(3), container: 'app', stopped: false, heapFull: false },
      { how: 'exit', code: 3, text: 'exit code 3' },
    ],
    [
      'a signal',
      { pod: pod({}), ended: ended(137), container: 'app', stopped: false, heapFull: false },
      { how: 'signal', signal: 'SIGKILL' },
    ],
    [
      'a full heap',
      { pod: pod({}), ended: ended(134), container: 'app', stopped: false, heapFull: true },
      { how: 'oom', text: expect.stringContaining("V8's heap") },
    ],
    [
      'what we asked for',
      { pod: pod({}, deleted), ended: ended(0), container: 'app', stopped: true, heapFull: false },
      { how: 'stopped', text: 'stopped (exit code 0)' },
    ],
    [
      'the kernel',
      { pod: pod({}), ended: ended(137, 'OOMKilled'), container: 'app', stopped: false, heapFull: false },
      { how: 'oom', text: 'out of memory (limit 64Mi)' },
    ],
    [
      'the kubelet',
      {
        pod: pod({ reason: 'Evicted', message: 'The node was low on resource: memory.' }),
        ended: undefined,
        container: 'app',
        stopped: false,
        heapFull: false,
      },
      { how: 'evicted', text: 'Evicted: The node was low on resource: memory' },
    ],
    [
      'a drain, where the cluster says so',
      { pod: pod({ conditions: [drained] }, deleted), ended: ended(0), container: 'app', stopped: false, heapFull: false },
      { how: 'evicted', text: 'EvictionByEvictionAPI (exit code 0): Eviction API: evicting' },
    ],
    [
      'a deletion, where it does not',
      { pod: pod({}, deleted), ended: undefined, container: 'app', stopped: false, heapFull: false },
      { how: 'evicted', text: expect.stringMatching(/^its pod was deleted from outside: it was evicted, its node was drained/) },
    ],
    [
      'activeDeadlineSeconds',
      {
        pod: pod({ reason: 'DeadlineExceeded', message: 'Pod was active too long' }),
        ended: ended(137),
        container: 'app',
        stopped: false,
        heapFull: false,
      },
      { how: 'stopped', text: expect.stringContaining('activeDeadlineSeconds') },
    ],
    ['nothing', { pod: undefined, ended: undefined, container: 'app', stopped: false, heapFull: false }, { how: 'vanished' }],
  ])('describes %s', (_, end, exit) => expect(podExit(end)).toMatchObject(exit));
});
