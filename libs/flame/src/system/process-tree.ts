import { spawnSync } from 'node:child_process';

/**
 * Kills a process and its descendants, for systems without process groups. Returns false if the process did not exist. Detached descendants
 * are killed, too; orphaned ones are not found.
 */
export function killTree(root: number): boolean {
  if (root <= 1) return false;
  if (process.platform === 'win32') {
    return spawnSync('taskkill', ['/pid', String(root), '/t', '/f'], { stdio: 'ignore', windowsHide: true }).status === 0;
  }
  // The root last, because it may be this process.
  for (const pid of descendantsOf(root)) kill(pid);
  return kill(root);
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile, or has switched to another user.
    return false;
  }
}

function descendantsOf(root: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const rows = (stdout ?? '').split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const family = [root];
  // `family` grows during this loop.
  for (const parent of family) for (const [pid, above] of rows) if (above === parent) family.push(pid!);
  return family.slice(1);
}
