import type { Check } from '../../core/check.js';
import { BootError } from '../../core/errors/boot-error.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { FlameBackend } from '../backend.js';
import type { BackendContext, BootRequest, Machine } from '../backend.js';
import { remoteEnv } from '../launch/runner-env.js';
import { limitBoot } from '../platform/boot-limit.js';
import { Leftovers } from '../platform/leftovers.js';
import { loaderCommand } from '../ship/loader-command.js';
import { flameParentOf, ShippedCode } from '../ship/shipped-code.js';
import { HostFailure } from './host-failure.js';
import { readLogins } from './logins.js';
import { placesTaken, tryInOrder } from './placement.js';
import { examineHosts } from './ssh-examination.js';
import { SshHost } from './ssh-host.js';
import { checkSshOptions } from './ssh-options.js';
import type { SshBackendOptions, SshConfig } from './ssh-options.js';

/** State that exists after `prepare`. */
interface Prepared {
  readonly hosts: readonly SshHost[];
  readonly leftovers: Leftovers;
  readonly log: BackendContext['log'];
}

/** The runner's end of its lifeline: the first file descriptor after the standard ones. */
const lifeline = 3;

/**
 * Runs every runner as a process on one of a few servers, which it starts through SSH. The servers need Node and an SSH server, and
 * nothing of the app: its code is shipped. Runners reach the parent through the same connection, so the parent opens no port to the network.
 *
 * A runner leads its own process group, which a small supervisor on the host starts and ends. When the connection breaks, runners live on for
 * as long as their sessions may be resumed. When the parent is gone, they end by themselves. Needs the package ssh2.
 */
export class SshBackend extends FlameBackend {
  readonly name = 'ssh';
  readonly reach = 'network';
  readonly #config: SshConfig;
  readonly #code: ShippedCode | undefined;
  #prepared: Prepared | undefined;

  /** @throws {FlameError} FLAME_CONFIG when an option is wrong. */
  constructor(options: SshBackendOptions) {
    super();
    this.#config = checkSshOptions(options);
    this.#code = this.#config.shipCode && new ShippedCode(this.#config.shipCode, this.name, 'SshBackend.shipCode');
  }

  override async prepare({ parent, log }: BackendContext): Promise<void> {
    const { hosts, node, requestTimeout } = this.#config;
    const logins = await readLogins(hosts);
    await this.#code?.prepare(log);
    const leftovers = new Leftovers(log, requestTimeout);
    const setup = { node, parent, requestTimeout, log, leftovers };
    this.#prepared = { hosts: logins.map((host) => new SshHost(host, setup)), leftovers, log };
  }

  async boot(request: BootRequest): Promise<Machine> {
    const { hosts } = this.#ready;
    const { bootTimeout } = this.#config;
    const signal = limitBoot(request.signal, bootTimeout, `ssh: no host started a runner within ${bootTimeout} ms`, 'create');
    signal.throwIfAborted();
    const failures: HostFailure[] = [];
    for (const host of tryInOrder(hosts)) {
      const release = host.reserve();
      try {
        await host.connect(signal);
        return await this.#start(host, request, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof HostFailure)) throw error;
        failures.push(error);
      } finally {
        release();
      }
    }
    if (failures.length === 0)
      throw new BootError(`ssh: each host has as many runners as its max allows: ${placesTaken(hosts)}. Raise max, or add a host`, {
        phase: 'create',
      });
    if (failures.length === 1 && hosts.length === 1) throw failures[0]!.toBootError('create');
    const full = hosts.filter(({ used, config }) => used >= config.max);
    const reasons = [
      ...failures.map(({ message }) => message),
      ...(full.length > 0 ? [`the other hosts have as many runners as their max allows: ${placesTaken(full)}`] : []),
    ];
    throw new BootError(`ssh: no host can start a runner. ${reasons.join(' ')}`, {
      phase: 'create',
      fatal: full.length === 0 && failures.every(({ fatal }) => fatal),
    });
  }

  override async reap(signal?: AbortSignal): Promise<number> {
    const { hosts, log } = this.#ready;
    const counts = hosts.map(async (host) => {
      try {
        // The leftovers get their shutdownTimeout.
        return await host.ask('reap', 'end leftovers', 60_000);
      } catch (error) {
        if (!signal?.aborted) log.warn(`ssh: looking for runners of dead parents failed. ${(error as Error).message}`);
        return 0;
      }
    });
    const aborted = new Promise<number[]>((resolve) => signal?.addEventListener('abort', () => resolve([]), { once: true }));
    return (await Promise.race([Promise.all(counts), aborted])).reduce((sum, count) => sum + count, 0);
  }

  override async examine(signal: AbortSignal): Promise<readonly Check[]> {
    return examineHosts(this.#ready.hosts, signal);
  }

  override async machines(): Promise<readonly string[]> {
    return (await Promise.all(this.#ready.hosts.map((host) => host.machines()))).flat();
  }

  override async close(): Promise<void> {
    const { hosts = [], leftovers } = this.#prepared ?? {};
    await Promise.all(hosts.map((host) => host.stopAll()));
    await leftovers?.close();
    await Promise.all([...hosts.map((host) => host.close()), this.#code?.close()]);
  }

  get #ready(): Prepared {
    if (!this.#prepared)
      throw new FlameError('FLAME_CONFIG', 'SshBackend was not prepared. Pass it to FlameModule.forRoot as the option backend');
    return this.#prepared;
  }

  async #start(host: SshHost, request: BootRequest, signal: AbortSignal): Promise<Machine> {
    const flameParent = await flameParentOf(this.#code, request, {
      tunnel: async (port) => `127.0.0.1:${await host.forward(port)}`,
      more: { lifeline },
    });
    signal.throwIfAborted();
    const [file, ...args] = (this.#config.command ?? loaderCommand(this.#config.node)) as readonly [string, ...string[]];
    const machine = await host.start(request, { file, args, cwd: this.#config.cwd, env: remoteEnv(this.#config, flameParent) });
    if (signal.aborted) {
      await machine.stop(0);
      signal.throwIfAborted();
    }
    return machine;
  }
}
