import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { FlameBackend, ProcessBackend } from 'nestjs-flame';
import type { BackendContext, BootRequest, Machine, ParentInfo } from 'nestjs-flame';
import type { FarHost } from './far-host.js';

/** More than a runner needs, less than a hog takes. */
const memoryLimit = 400 * 1024 * 1024;

/** Runner processes, on this host or in turn on far ones, under a memory limit each where this machine lets us make control groups; it knows which ones are alive. */
export class WatchedMachines extends FlameBackend {
  readonly name = 'stress';
  readonly reach: 'host' | 'network';
  readonly alive = new Set<number>();
  /** How machines ended, counted. */
  readonly ends: Record<string, number> = {};
  /** Where runners were told to find the parent, counted. */
  readonly ways: Record<string, number> = {};
  /** Every process there ever was. */
  readonly all: number[] = [];
  readonly #places: readonly { readonly processes: ProcessBackend; readonly host?: FarHost }[];
  readonly #groups = new Set<string>();
  /** Tells this stress test from others. */
  readonly #test: string;

  constructor(folder: string, hosts: readonly FarHost[]) {
    super();
    this.#test = basename(folder);
    this.reach = hosts.length > 0 ? 'network' : 'host';
    const far = hosts.map((host) => ({ host, processes: new ProcessBackend({ env: { STRESS_HOST: host.name } }) }));
    this.#places = far.length > 0 ? far : [{ processes: new ProcessBackend() }];
  }

  override async prepare(context: BackendContext): Promise<void> {
    await Promise.all(this.#places.map(({ processes }) => processes.prepare(context)));
  }

  async boot(request: BootRequest): Promise<Machine> {
    const { processes, host } = this.#places[this.all.length % this.#places.length]!;
    const machine = await processes.boot({
      ...request,
      flameParent: (options) => this.#parentFor(request, { ...options, host: host?.parent }),
    });
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

  override async close(): Promise<void> {
    await Promise.all(this.#places.map(({ processes }) => processes.close()));
  }

  /** Processes that run what this one runs, and control groups, that are still there. */
  leftovers(): string[] {
    for (const group of this.#groups) this.#remove(group);
    const processes = this.all.filter((pid) => runsThis(pid)).map((pid) => `process ${pid}`);
    return [...processes, ...this.#groups];
  }

  async #parentFor(request: BootRequest, options: Parameters<BootRequest['flameParent']>[0]): Promise<string> {
    const told = await request.flameParent(options);
    const { address, certificate } = JSON.parse(Buffer.from(told, 'base64').toString()) as ParentInfo;
    const way = `${address.replace(/:.*/, '')}${certificate === undefined ? '' : ' over TLS'}`;
    this.ways[way] = (this.ways[way] ?? 0) + 1;
    return told;
  }

  /** Version 1 of control groups, or 2. */
  #limit(pid: number): string | undefined {
    const [root, limit] = existsSync('/sys/fs/cgroup/memory')
      ? ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes']
      : ['/sys/fs/cgroup', 'memory.max'];
    const group = `${root}/${this.#test}-${pid}`;
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
