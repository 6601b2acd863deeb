import { processEntries } from './process-table.js';

/**
 * Kills every process of the group that `leader` leads, including the leader. Returns false if there was none. A runner leads its own
 * group, so this also kills the processes that its handlers spawned, except detached ones.
 */
export function killGroup(leader: number): boolean {
  // `kill(-1)` would kill every process of the system.
  if (leader <= 1) return false;
  try {
    return process.kill(-leader, 'SIGKILL');
  } catch (error) {
    // EPERM: the remaining processes belong to another user, or are zombies (on some systems).
    if (isGone(error) || (error as NodeJS.ErrnoException).code === 'EPERM') return false;
    throw error;
  }
}

/** Whether the group that `leader` leads still has a running process. Zombies do not count, because only an init could reap them. */
export function groupIsAlive(leader: number): boolean {
  try {
    process.kill(-leader, 0);
  } catch (error) {
    // EPERM: a process exists that has switched to another user.
    if (isGone(error)) return false;
  }
  const members = processEntries().filter(({ group }) => group === leader);
  // If the table shows none of them, or does not exist, the answer of `kill` counts.
  return members.length === 0 || members.some(({ ended }) => !ended);
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ESRCH';
}
