import type Docker from 'dockerode';
import type { Check } from '../../core/check.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { FlameLog } from '../../core/flame-log.js';
import { FlameBackend } from '../backend.js';
import type { BackendContext, BootRequest, Machine } from '../backend.js';
import { limitBoot } from '../platform/boot-limit.js';
import { Leftovers } from '../platform/leftovers.js';
import { connectDocker } from './docker-api.js';
import type { DockerEngine } from './docker-api.js';
import { examineDocker } from './docker-examination.js';
import { dockerFailure, statusOf } from './docker-failure.js';
import { ownHome, removeOrphans } from './docker-orphans.js';
import type { ParentHome } from './docker-orphans.js';
import { DockerImage } from './docker-image.js';
import { DockerMachine, leaveContainer, removeContainer, shortId } from './docker-machine.js';
import { checkDockerOptions, labelPrefix } from './docker-options.js';
import type { DockerBackendOptions, DockerConfig } from './docker-options.js';
import { readOutput } from './docker-output.js';
import type { ContainerOutput } from './docker-output.js';
import { findSettings, findOwnContainer } from './container-settings.js';
import type { ContainerSettings } from './container-settings.js';
import { containerSpec } from './docker-create.js';
import { flameParentOf, ShippedCode } from '../ship/shipped-code.js';

/** State that exists after `prepare`. */
interface Prepared {
  readonly engine: DockerEngine;
  readonly settings: ContainerSettings;
  readonly home: ParentHome;
  readonly image: DockerImage;
  readonly leftovers: Leftovers;
  readonly parent: string;
  readonly log: FlameLog;
}

/**
 * Runs every runner as a container of a Docker Engine. If the parent runs in a container itself, with the engine's socket mounted, no
 * options are needed: runners use the same image, start like the parent, and join its network.
 *
 * A container is removed as soon as its exit and its last output have been read. If a parent is killed, its containers end by themselves,
 * and the next parent removes them. Needs the package dockerode.
 */
export class DockerBackend extends FlameBackend {
  readonly name = 'docker';
  readonly reach = 'network';
  readonly #config: DockerConfig;
  readonly #machines = new Set<DockerMachine>();
  readonly #closing = new AbortController();
  readonly #code: ShippedCode | undefined;
  #prepared: Prepared | undefined;

  /** @throws {FlameError} FLAME_CONFIG when an option is wrong. */
  constructor(options: DockerBackendOptions = {}) {
    super();
    this.#config = checkDockerOptions(options);
    this.#code = this.#config.shipCode && new ShippedCode(this.#config.shipCode, this.name, 'DockerBackend.shipCode');
  }

  override async prepare({ parent, log }: BackendContext): Promise<void> {
    const engine = await connectDocker(this.#config, log);
    const own = await findOwnContainer(engine);
    const settings = await findSettings(this.#config, engine, own);
    const image = new DockerImage(engine, settings.image, this.#config.auth, log);
    const leftovers = new Leftovers(log, engine.requests.limit);
    this.#prepared = { engine, settings, home: ownHome(own), image, leftovers, parent, log };
    await this.#code?.prepare(log);
  }

  async boot(request: BootRequest): Promise<Machine> {
    const prepared = this.#ready;
    const { bootTimeout } = this.#config;
    const late = `docker: the engine did not create and start a container within ${bootTimeout} ms`;
    const signal = limitBoot(request.signal, bootTimeout, late, 'create');
    const { engine, leftovers, log } = prepared;
    let output: ContainerOutput | undefined;
    const { id } = await this.#create(prepared, request, signal);
    try {
      signal.throwIfAborted();
      output = await readOutput(engine, id, request.output);
      await engine.ask(`start container ${shortId(id)}`, (docker) => docker.getContainer(id).start(), { patience: 4, signal });
      signal.throwIfAborted();
      const keep = this.#config.keepRunners;
      return this.#keep(new DockerMachine({ engine, id, output, leftovers, keep, log, signal: request.signal }));
    } catch (error) {
      output?.close();
      await this.#clear(id, false);
      signal.throwIfAborted();
      throw dockerFailure(error, 'start', 'the container could not be started', this.#secrets());
    }
  }

  override async reap(signal?: AbortSignal): Promise<number> {
    const { engine, parent } = this.#ready;
    return removeOrphans(engine, parent, signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal);
  }

  override async examine(signal: AbortSignal): Promise<readonly Check[]> {
    const { engine, settings, image } = this.#ready;
    return examineDocker({ engine, settings, image, pull: this.#config.pull }, signal);
  }

  override async machines(): Promise<readonly string[]> {
    const { engine, parent } = this.#ready;
    const filters = { label: [`${labelPrefix}parent=${parent}`] };
    const found = await engine.ask('list containers', (docker) => docker.listContainers({ all: true, filters }), { repeat: true });
    // Ended containers that are kept for their logs do not count as machines.
    return found.filter(({ State }) => !this.#config.keepRunners || State === 'running').map(({ Id }) => shortId(Id));
  }

  override async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#prepared?.image.close(), ...Array.from(this.#machines, (machine) => machine.stop(0))]);
    await this.#prepared?.leftovers.close();
    await this.#code?.close();
  }

  get #ready(): Prepared {
    if (this.#prepared === undefined)
      throw new FlameError('FLAME_CONFIG', 'DockerBackend was not prepared: pass it to FlameModule.forRoot');
    return this.#prepared;
  }

  async #create({ engine, settings, home, image }: Prepared, request: BootRequest, signal: AbortSignal): Promise<Docker.Container> {
    signal.throwIfAborted();
    if (this.#config.pull === 'always') await image.pull(signal);
    const flameParent = await flameParentOf(this.#code, request, { host: settings.parentHost });
    const spec = containerSpec(this.#config, settings, home, request, flameParent);
    const secrets = this.#secrets(flameParent);
    const create = async (): Promise<Docker.Container> => {
      signal.throwIfAborted();
      try {
        return await engine.ask(`create container ${spec.name}`, (docker) => docker.createContainer({ ...spec }), { patience: 4, signal });
      } catch (error) {
        // Without an answer it is unknown whether the engine has made the container, or will make it later.
        if (statusOf(error) === undefined) await this.#clear(spec.name!, true);
        throw error;
      }
    };
    try {
      return await create();
    } catch (error) {
      signal.throwIfAborted();
      if (statusOf(error) !== 404 || this.#config.pull !== 'missing' || (await image.isThere()))
        throw dockerFailure(error, 'create', 'the container could not be created', secrets);
    }
    await image.pull(signal);
    return create().catch((error: unknown) => {
      signal.throwIfAborted();
      throw dockerFailure(error, 'create', 'the container could not be created', secrets);
    });
  }

  /** Removes a failed boot's container. `unheard` means that the engine did not answer the request to make it. */
  async #clear(container: string, unheard: boolean): Promise<void> {
    const { engine, leftovers } = this.#ready;
    try {
      if ((await removeContainer(engine, container)) || !unheard) return;
      leaveContainer(engine, leftovers, container, new Error('the engine did not report whether it created the container'), true);
    } catch (error) {
      leaveContainer(engine, leftovers, container, error as Error, unheard);
    }
  }

  #keep(machine: DockerMachine): DockerMachine {
    this.#machines.add(machine);
    void machine.exited.then(() => this.#machines.delete(machine));
    return machine;
  }

  #secrets(flameParent?: string): string[] {
    // Short values can occur by chance in any error text.
    const values = Object.values(this.#config.env).filter((value) => value !== undefined && value.length >= 8) as string[];
    return [...values, ...(flameParent === undefined ? [] : [flameParent])];
  }
}
