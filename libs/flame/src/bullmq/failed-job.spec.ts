import type { Job } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { FlameError } from '../core/errors/flame-error.js';
import { failedJob } from './failed-job.js';

const open = { draining: false, idempotent: false, retryDelay: 5_000 };
const lost = new FlameError('FLAME_LOST', 'the runner was killed', { ran: 'maybe' });
const noRunner = new FlameError('FLAME_BOOT', 'no machine', { ran: 'no' });
const late = new FlameError('FLAME_TIMEOUT', 'no slot was free', { ran: 'no' });
const cut = new FlameError('FLAME_CANCELLED', 'the pool was drained', { ran: 'maybe' });
const thrown = new TypeError('no such film');

describe('failedJob', () => {
  it.each([
    ['a job that found no runner waits for retryDelay', noRunner, open, 'DelayedError', ['delayed by 5000']],
    ['a job that found no free slot waits for retryDelay', late, open, 'DelayedError', ['delayed by 5000']],
    [
      'a job that did not run is free for other instances when this one closes',
      late,
      { ...open, draining: true },
      'WaitingError',
      ['waits'],
    ],
    [
      'an idempotent job that was cut off is free for them, too',
      cut,
      { ...open, draining: true, idempotent: true },
      'WaitingError',
      ['waits'],
    ],
    ['any other job that was cut off loses an attempt', cut, { ...open, draining: true }, 'FlameError', []],
    ['a job that was lost with its runner loses an attempt', lost, open, 'FlameError', []],
    ['an idempotent job that was lost twice loses an attempt', lost, { ...open, idempotent: true }, 'FlameError', []],
    ['an error that the handler threw loses an attempt', thrown, open, 'TypeError', []],
    [
      'a job whose data cannot cross is not tried again',
      new FlameError('FLAME_ENCODING', '', { ran: 'yes' }),
      open,
      'UnrecoverableError',
      [],
    ],
  ] as const)('%s', async (_, error, rules, name, moves) => {
    const moved: string[] = [];
    const job = {
      moveToWait: async (token: string) => moved.push(`${token === 'token' ? 'waits' : 'without its lock'}`),
      moveToDelayed: async (at: number, token: string) =>
        moved.push(token === 'token' ? `delayed by ${Math.round((at - Date.now()) / 1_000) * 1_000}` : 'without its lock'),
    };
    expect(await failedJob(error, job as unknown as Job, 'token', rules)).toMatchObject({ name });
    expect(moved).toEqual(moves);
  });
});
