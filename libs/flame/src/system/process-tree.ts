import { spawnSync } from 'node:child_process';

/**
 * Kills a process and all that descends from it, and says whether it was there: for systems without process groups. What was detached on
 * purpose is killed, too, and what has lost its parent is not found.
 */
export function killTree(root: number): boolean {
  if (root <= 1) return false;
  if (process.platform === 'win32') {
    return spawnSync('taskkill', ['/pid', String(root), '/t', '/f'], { stdio: 'ignore', windowsHide: true }).status === 0;
  }
  // The root last, as it may be this very process.
  for (const pid of descendantsOf(root)) kill(pid);
  return kill(root);
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It went meanwhile, or has taken on another user.
    return false;
  }
}

function descendantsOf(root: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const rows = (stdout ?? '').split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const family = [root];
  // It grows while it is walked.
  for (const parent of family) for (const [pid, above] of rows) if (above === parent) family.push(pid!);
  return family.slice(1);
}
