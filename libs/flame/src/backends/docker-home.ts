import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type Docker from 'dockerode';
import { statusOf } from './docker-failure.js';

/** Where a parent lives, so that another one can find out whether it still does. Written into its containers' labels. */
export interface ParentHome {
  /** A namespace of process ids, and the process in it. */
  readonly process: string;
  /** The container that it runs in, and when that was started: empty where it runs in none. */
  readonly container: string;
}

/** Where this process lives. `own` is its container. */
export function ownHome(own?: { readonly Id: string; readonly State: { readonly StartedAt: string } }): ParentHome {
  return {
    process: `${processSpace()} ${process.pid} ${startOf(process.pid) ?? ''}`.trim(),
    container: own === undefined ? '' : `${own.Id} ${own.State.StartedAt}`,
  };
}

/** Whether a parent is certainly gone. What cannot be seen from here may live. */
export async function isGone(home: ParentHome, docker: Docker): Promise<boolean> {
  const [space, pid, start] = home.process.split(' ');
  if (space === processSpace()) return !isAlive(Number(pid), start);
  const [container, started] = home.container.split(' ');
  if (!container) return false;
  try {
    const { State } = await docker.getContainer(container).inspect();
    return !State.Running || State.StartedAt !== started;
  } catch (error) {
    if (statusOf(error) === 404) return true;
    throw error;
  }
}

function isAlive(pid: number, start: string | undefined): boolean {
  if (start !== undefined) return startOf(pid) === start;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** A process id means something only inside of its namespace, and until the next start of the machine. */
function processSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${/\d+/.exec(readlinkSync('/proc/self/ns/pid'))![0]}`;
  } catch {
    return hostname();
  }
}

/** When a process was started, in the kernel's ticks: tells it from a later one with its id. See proc(5). */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : rest[18];
  } catch {
    return undefined;
  }
}
