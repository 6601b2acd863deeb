import { processEntries } from './process-table.js';

/**
 * Kills every process of the group that `leader` leads, the leader included, and says whether there was one. A runner leads its own group,
 * so this ends what its handlers spawned as well, except for what they detached on purpose.
 */
export function killGroup(leader: number): boolean {
  // `kill(-1)` would mean every process there is.
  if (leader <= 1) return false;
  try {
    return process.kill(-leader, 'SIGKILL');
  } catch (error) {
    // EPERM: what is left of the group belongs to another user, or is a zombie (on some systems).
    if (isGone(error) || (error as NodeJS.ErrnoException).code === 'EPERM') return false;
    throw error;
  }
}

/** Whether any process of the group that `leader` leads is left and has not ended: zombies do not count, which only an init could reap. */
export function groupIsAlive(leader: number): boolean {
  try {
    process.kill(-leader, 0);
  } catch (error) {
    // EPERM: something is, that has taken on another user.
    if (isGone(error)) return false;
  }
  const members = processEntries().filter(({ group }) => group === leader);
  // A table that shows none of them, or is not there, says nothing.
  return members.length === 0 || members.some(({ ended }) => !ended);
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ESRCH';
}
