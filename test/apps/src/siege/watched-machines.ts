import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { ProcessBackend } from 'nestjs-flame';
import type { BootOrder, Machine } from 'nestjs-flame';

/** More than a runner needs, less than a hog takes. */
const memoryLimit = 400 * 1024 * 1024;

/** Runner processes under a memory limit each, where this machine lets us make control groups; it knows which ones are alive. */
export class WatchedMachines extends ProcessBackend {
  readonly alive = new Set<number>();
  /** How machines ended, counted. */
  readonly ends: Record<string, number> = {};
  /** Every process there ever was. */
  readonly all: number[] = [];
  readonly #groups = new Set<string>();

  override async boot(order: BootOrder): Promise<Machine> {
    const machine = await super.boot(order);
    const pid = Number(machine.id.replace('pid ', ''));
    this.alive.add(pid);
    this.all.push(pid);
    const group = this.#limit(pid);
    void machine.exited.then(({ text }) => {
      this.alive.delete(pid);
      this.ends[text] = (this.ends[text] ?? 0) + 1;
      if (group !== undefined) this.#remove(group);
    });
    return machine;
  }

  /** Processes that run what this one runs, and control groups, that are still there. */
  leftovers(): string[] {
    for (const group of this.#groups) this.#remove(group);
    const processes = this.all.filter((pid) => runsThis(pid)).map((pid) => `process ${pid}`);
    return [...processes, ...this.#groups];
  }

  /** Version 1 of control groups, or 2. */
  #limit(pid: number): string | undefined {
    const [root, limit] = existsSync('/sys/fs/cgroup/memory')
      ? ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes']
      : ['/sys/fs/cgroup', 'memory.max'];
    const group = `${root}/flame-siege-${process.pid}-${pid}`;
    try {
      mkdirSync(group);
      this.#groups.add(group);
      writeFileSync(`${group}/${limit}`, String(memoryLimit));
      writeFileSync(`${group}/cgroup.procs`, String(pid));
      return group;
    } catch {
      // No right to: then V8's own limit, or the machine's memory, ends a hog.
      this.#remove(group);
      return undefined;
    }
  }

  /** A group lingers while the kernel has its last process to clean up. */
  #remove(group: string): void {
    try {
      rmdirSync(group);
      this.#groups.delete(group);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.#groups.delete(group);
    }
  }
}

function runsThis(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(process.argv[1]!);
  } catch {
    return false;
  }
}
