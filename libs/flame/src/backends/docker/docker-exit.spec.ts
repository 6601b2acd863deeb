import { describe, expect, it } from 'vitest';
import { dockerExit, signalName } from './docker-exit.js';
import type { ContainerEnd } from './docker-exit.js';

const end: ContainerEnd = { code: 0, oomKilled: false, memoryLimit: 0, stopped: false, heapFull: false, sent: [] };

describe('dockerExit', () => {
  it.each<[string, Partial<ContainerEnd>, object]>([
    ['an exit', { code: 7 }, { how: 'exit', code: 7, text: 'exit code 7' }],
    ['a crash by itself', { code: 139 }, { how: 'signal', signal: 'SIGSEGV', code: 139, text: 'killed by SIGSEGV' }],
    [
      'docker kill',
      { code: 137, sent: ['SIGKILL'] },
      { how: 'signal', signal: 'SIGKILL', text: 'killed by SIGKILL, sent from outside, for example with docker kill' },
    ],
    [
      'docker stop, heeded',
      { code: 0, sent: ['SIGTERM'] },
      { how: 'stopped', code: 0, text: 'its container was stopped from outside, for example with docker stop (exit code 0)' },
    ],
    [
      'docker stop, and force after its grace',
      { code: 137, sent: ['SIGTERM', 'SIGKILL'] },
      { how: 'stopped', text: 'its container was stopped from outside, for example with docker stop (killed by SIGKILL)' },
    ],
    ['an OOM kill', { code: 137, oomKilled: true, memoryLimit: 512 * 1024 ** 2 }, { how: 'oom', text: 'out of memory (limit 512 MiB)' }],
    ['an OOM kill of the host', { code: 137, oomKilled: true }, { how: 'oom', text: 'out of memory (limit of the host)' }],
    ['an exit after something else in the container was OOM-killed', { code: 1, oomKilled: true }, { how: 'exit', text: 'exit code 1' }],
    ['a full heap', { code: 134, heapFull: true }, { how: 'oom', text: expect.stringContaining("V8's heap was full") }],
    ['our own stop', { code: 143, stopped: true, sent: ['SIGTERM'] }, { how: 'stopped', text: 'stopped (killed by SIGTERM)' }],
    ['a command that is not there', { code: 127 }, { how: 'exit', fatal: true, text: 'exit code 127: its command is not in the image' }],
    ['a code above 128 that is no signal', { code: 255 }, { how: 'exit', code: 255, text: 'exit code 255' }],
  ])('describes %s', (_, facts, expected) => {
    expect(dockerExit({ ...end, ...facts })).toMatchObject(expected);
  });
});

describe('signalName', () => {
  it.each([
    ['15', 'SIGTERM'],
    ['9', 'SIGKILL'],
    ['SIGUSR1', 'SIGUSR1'],
    ['HUP', 'SIGHUP'],
  ])('reads %s', (written, name) => {
    expect(signalName(written)).toBe(name);
  });
});
