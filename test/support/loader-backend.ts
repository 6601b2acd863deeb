import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlameBackend } from 'nestjs-flame';
import type { BackendContext, BootRequest, Machine, ParentInfo } from 'nestjs-flame';
import { loaderCommand } from '../../libs/flame/src/backends/ship/loader-command.js';
import { ShippedCode } from '../../libs/flame/src/backends/ship/shipped-code.js';
import type { ShipConfig } from '../../libs/flame/src/backends/ship/ship-options.js';
import { ProcessMachine } from '../../libs/flame/src/backends/process/process-machine.js';

export interface LoaderBackendSetup {
  readonly ship?: Partial<ShipConfig>;
  /** The Node of the machines. @default that of this process */
  readonly node?: string;
  /** The machines' environment, beside FLAME_PARENT. */
  readonly env?: Readonly<Record<string, string>>;
  /** Hides this folder from the machines. It takes root. */
  readonly hide?: string | undefined;
  /** Changes what machines are told. */
  readonly tell?: (info: ParentInfo) => Promise<Partial<ParentInfo>> | Partial<ParentInfo>;
}

/**
 * A backend whose machines have nothing of the app: each is a process in an empty folder that starts with `loaderCommand`, and attaches over
 * the network. The machines share a temporary folder, and so the cache, until the backend is closed.
 */
export class LoaderBackend extends FlameBackend {
  readonly name = 'loader';
  readonly reach = 'network';
  /** The machines' temporary folder. */
  readonly temporary = mkdtempSync(join(tmpdir(), 'flame-machine-'));
  readonly code: ShippedCode;
  /** Called before a piece of the archive is read. */
  onRead: ((offset: number) => void) | undefined;
  readonly #setup: LoaderBackendSetup;
  readonly #machines = new Set<ProcessMachine>();

  constructor(setup: LoaderBackendSetup) {
    super();
    this.#setup = setup;
    const config = { bundle: true, paths: [], include: [], exclude: [], cache: undefined, maxBytes: 1024 ** 3, ...setup.ship };
    this.code = new ShippedCode(config, 'loader', 'LoaderBackend.shipCode');
  }

  override async prepare({ log }: BackendContext): Promise<void> {
    await this.code.prepare(log);
  }

  async boot(request: BootRequest): Promise<Machine> {
    const { node = process.execPath, env, hide, tell } = this.#setup;
    const serveCode: BootRequest['serveCode'] = (code) =>
      request.serveCode({
        bytes: code.bytes,
        loader: () => code.loader(),
        read: (offset, length) => {
          this.onRead?.(offset);
          return code.read(offset, length);
        },
      });
    const { flameParent: parentFor } = request;
    let flameParent = await this.code.flameParent({ flameParent: parentFor, serveCode }, { host: '127.0.0.1' });
    if (tell) {
      const info = JSON.parse(Buffer.from(flameParent, 'base64').toString()) as ParentInfo;
      flameParent = Buffer.from(JSON.stringify({ ...info, ...(await tell(info)) })).toString('base64');
    }
    const command = loaderCommand(node);
    const [file, ...args] =
      hide === undefined ? command : ['unshare', '--mount', 'sh', '-c', `mount -t tmpfs none ${hide} && exec "$@"`, 'sh', ...command];
    const child = spawn(file!, args, {
      cwd: this.temporary,
      env: { PATH: process.env.PATH, TMPDIR: this.temporary, ...env, FLAME_PARENT: flameParent },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const machine = new ProcessMachine(child, request);
    this.#machines.add(machine);
    void machine.exited.then(() => this.#machines.delete(machine));
    return machine;
  }

  override async close(): Promise<void> {
    await Promise.all(Array.from(this.#machines, (machine) => machine.stop(0)));
    await this.code.close();
    rmSync(this.temporary, { recursive: true, force: true, maxRetries: 5 });
  }
}
