import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { BootError } from '../../core/errors/boot-error.js';
import type { Check } from '../../core/check.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { FlameBackend } from '../backend.js';
import type { BackendContext, BootRequest, Machine } from '../backend.js';
import { ancestorsFor } from '../launch/ancestor-apps.js';
import { LocalBackend } from '../local-backend.js';
import { runnerEnv } from '../launch/runner-env.js';
import { withoutInspector } from '../launch/node-flags.js';
import { underTest } from '../launch/under-test.js';
import { takeInspectorPort } from './inspector-ports.js';
import { allArguments, runnerCommand, runnerScript } from './process-command.js';
import type { CommandLine } from './process-command.js';
import { withCompileCache } from '../launch/compile-cache.js';
import { ProcessMachine } from './process-machine.js';
import { RunnerStart } from './runner-start.js';
import { refuseMissingFolder } from './working-folder.js';
import { checkProcessOptions } from './process-options.js';
import type { ProcessBackendOptions } from './process-options.js';

export type { ProcessBackendOptions } from './process-options.js';

/** The parent that last logged the hint about `inspect`. */
let saidInspect = '';
/** The runner's end of the lifeline: the first file descriptor after the standard ones. */
const lifeline = 3;
/**
 * Errors that another spawn cannot fix: the file or folder does not exist, access is denied, the command line or the environment is too
 * long.
 */
const fatal: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'E2BIG'];

const noInit =
  'This process is PID 1, so the container has no init: when a runner is killed, the processes that it had started stay in the process table as zombies. ' +
  'Give the container an init: docker run --init, init: true in a compose file, or in Kubernetes shareProcessNamespace: true or an image whose entrypoint is tini.';

/**
 * Runs every runner as a process on the parent's host, started in the same way as the parent.
 *
 * A runner leads its own process group. So Ctrl-C in a terminal reaches only the parent, which can drain before its runners end. When a
 * runner ends, for any reason, all processes that its handlers spawned are killed too. Spawn a process with `detached: true` if it should
 * outlive its runner.
 *
 * No runner outlives the parent. A pipe, the lifeline, closes when the parent's process ends, even by SIGKILL. A parent that exits by
 * itself also kills its remaining runners at once.
 *
 * In a test, and without `entry`, it acts as LocalBackend does.
 */
export class ProcessBackend extends FlameBackend {
  readonly name = 'process';
  override readonly waitsForDebugger: boolean;
  readonly #options: ProcessBackendOptions;
  readonly #machines = new Set<ProcessMachine>();
  /** Machines whose process group still exists after the runner's exit; usually none. */
  readonly #leftovers = new Set<ProcessMachine>();
  /** Used instead of processes in a test without `entry`, because the test's command line would start the tests again. */
  readonly #local = new LocalBackend();
  readonly #start = new RunnerStart();
  /** The parent's log, from `prepare` on. */
  #log: BackendContext['log'] | undefined;
  #told = false;

  /** @throws {FlameError} FLAME_CONFIG when an option is wrong. */
  constructor(options: ProcessBackendOptions = {}) {
    super();
    this.#options = checkProcessOptions(options);
    this.waitsForDebugger = this.#options.inspect === 'brk';
  }

  /** `memory` in a test without `entry`, because it then acts as LocalBackend. */
  get reach(): 'host' | 'memory' {
    return this.#options.entry === undefined && underTest() ? 'memory' : 'host';
  }

  override async prepare({ parent, log }: BackendContext): Promise<void> {
    this.#log = log;
    if (this.reach === 'host') {
      // Reads the bundle's packages, so that boots have to look only at what changes.
      this.#chosen(runnerCommand(this.#options), this.#env('', ''));
      this.#sayInspect(parent, log);
    }
    if (this.#told) return;
    this.#told = true;
    if (this.reach === 'host') return void (process.pid === 1 && log.warn(noInit));
    log.log(
      "ProcessBackend acts as LocalBackend: a test runner started this process, so its command line does not start the app. To run processes, set ProcessBackend's option entry to the app's main file.",
    );
  }

  async boot(request: BootRequest): Promise<Machine> {
    if (this.reach === 'memory') return this.#local.boot(request);
    const child = await this.#spawn(request);
    const machine = new ProcessMachine(child, request);
    this.#keep(machine);
    if (request.signal.aborted) {
      await machine.exited;
      request.signal.throwIfAborted();
    }
    return machine;
  }

  override async examine(): Promise<readonly Check[]> {
    if (this.reach === 'memory') return this.#local.examine();
    try {
      const line = this.#chosen(runnerCommand(this.#options), process.env);
      return [{ name: 'command', ok: true, message: [line.file, ...allArguments(line)].join(' ') }];
    } catch (error) {
      if (!(error instanceof FlameError)) throw error;
      return [{ name: 'command', ok: false, message: error.message, fix: "Set ProcessBackend's option entry to the app's main file." }];
    }
  }

  override async machines(): Promise<readonly string[]> {
    return [...this.#machines, ...this.#leftovers].filter((machine) => machine.lives).map((machine) => machine.id);
  }

  override async close(): Promise<void> {
    await Promise.all(Array.from(this.#machines, (machine) => machine.stop(0)));
  }

  async #spawn(request: BootRequest): Promise<ChildProcess> {
    const { inspect = false } = this.#options;
    if (inspect === false) return this.#startProcess(request, []);
    const { port, release } = await takeInspectorPort(typeof inspect === 'number' ? inspect : undefined).catch((cause: Error) => {
      throw new BootError(`process: ${cause.message}`, { phase: 'create', fatal: false, cause });
    });
    try {
      const child = await this.#startProcess(request, [`--inspect${inspect === 'brk' ? '-brk' : ''}=127.0.0.1:${port}`]);
      child.once('exit', release);
      return child;
    } catch (error) {
      release();
      throw error;
    }
  }

  async #startProcess(request: BootRequest, inspector: readonly string[]): Promise<ChildProcess> {
    const { cwd } = this.#options;
    const ownLine = runnerCommand(this.#options, process, inspector);
    const flameParent = await request.flameParent({ more: { lifeline } });
    request.signal.throwIfAborted();
    const env = this.#env(flameParent, request.handlers);
    const line = this.#chosen(ownLine, env);
    const { file } = line;
    refuseMissingFolder(cwd);
    try {
      const child = spawn(file, allArguments(line), {
        cwd,
        env,
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        detached: true,
        windowsHide: true,
      });
      await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
      return child;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new BootError(`process: ${file} could not be started: ${message}`, {
        phase: 'create',
        fatal: fatal.includes(code),
        cause: error,
      });
    }
  }

  #chosen(line: CommandLine, env: NodeJS.ProcessEnv): CommandLine {
    return this.#options.bundle === false || !this.#log ? line : this.#start.choose(line, env, this.#log);
  }

  /** Once for each app. If VS Code attaches to all started processes, it attaches to runners too. */
  #sayInspect(parent: string, log: BackendContext['log']): void {
    const { inspect, execArgv = [] } = this.#options;
    if (inspect !== undefined || withoutInspector(execArgv).length < execArgv.length || saidInspect === parent) return;
    if (!process.features.inspector || !process.getBuiltinModule('node:inspector').url() || process.env.VSCODE_INSPECTOR_OPTIONS) return;
    saidInspect = parent;
    log.log(
      'This process has an inspector, but its runners have none, so breakpoints in handlers do not stop. To debug runners, use new ProcessBackend({ inspect: true }); see docs/debugging.md.',
    );
  }

  #env(flameParent: string, handlers: string): Record<string, string> {
    const { env = {}, inheritEnv = 'all' } = this.#options;
    const inherited = withCompileCache(runnerEnv({ env, inheritEnv }, flameParent));
    // A process with this variable becomes a cluster worker before it runs any code of the app. No worker has the id 0.
    if (cluster.isWorker) inherited.NODE_UNIQUE_ID = '0';
    return { ...inherited, ...ancestorsFor(runnerScript(this.#options), handlers) };
  }

  #keep(machine: ProcessMachine): void {
    if (this.#machines.size === 0) process.on('exit', this.#killAll);
    this.#machines.add(machine);
    void machine.exited.then(() => {
      this.#machines.delete(machine);
      for (const left of this.#leftovers) if (!left.lives) this.#leftovers.delete(left);
      if (machine.lives) this.#leftovers.add(machine);
      if (this.#machines.size === 0) process.removeListener('exit', this.#killAll);
    });
  }

  /** The last resort if a parent exits without a drain: only synchronous code runs now. */
  readonly #killAll = (): void => {
    for (const machine of this.#machines) machine.kill();
  };
}
