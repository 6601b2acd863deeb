import type Docker from 'dockerode';
import { BootError } from '../../core/boot-error.js';
import type { Check } from '../../core/check.js';
import { FlameError } from '../../core/flame-error.js';
import type { FlameLog } from '../../core/flame-log.js';
import { FlameBackend } from '../backend.js';
import type { BackendContext, BootOrder, Machine } from '../backend.js';
import { connectDocker } from './docker-engine.js';
import type { DockerEngine } from './docker-engine.js';
import { examineDocker } from './docker-examination.js';
import { dockerFailure, statusOf } from './docker-failure.js';
import { ownHome } from './docker-home.js';
import type { ParentHome } from './docker-home.js';
import { DockerImage } from './docker-image.js';
import { DockerMachine, removeContainer, shortId } from './docker-machine.js';
import { checkDockerOptions, labelPrefix } from './docker-options.js';
import type { DockerBackendOptions, DockerConfig } from './docker-options.js';
import { readOutput } from './docker-output.js';
import { removeOrphans } from './docker-orphans.js';
import { findPlace } from './docker-place.js';
import type { DockerPlace } from './docker-place.js';
import { findOwnContainer } from './docker-self.js';
import { containerSpec } from './docker-spec.js';

export type { DockerAuth, DockerBackendOptions, DockerMount } from './docker-options.js';

/** What is known once the app has started. */
interface Prepared {
  readonly engine: DockerEngine;
  readonly place: DockerPlace;
  readonly home: ParentHome;
  readonly image: DockerImage;
  readonly parent: string;
  readonly log: FlameLog;
}

/**
 * Runs every runner as a container of a Docker Engine. A parent that runs in a container itself, with the engine's socket mounted, needs no options: its
 * runners are made from its own image, started as it was, and join its network.
 *
 * A container is removed as soon as its end and its last lines have been read. Containers of a parent that was killed end by themselves; the next parent
 * removes them. Needs the package dockerode.
 */
export class DockerBackend extends FlameBackend {
  readonly name = 'docker';
  readonly reach = 'network';
  readonly #config: DockerConfig;
  readonly #machines = new Set<DockerMachine>();
  readonly #closing = new AbortController();
  #prepared: Prepared | undefined;

  /** @throws {FlameError} FLAME_CONFIG when an option is wrong. */
  constructor(options: DockerBackendOptions = {}) {
    super();
    this.#config = checkDockerOptions(options);
  }

  override async prepare({ parent, log }: BackendContext): Promise<void> {
    const engine = await connectDocker(this.#config.dockerSocketPath);
    const own = await findOwnContainer(engine.docker);
    const place = await findPlace(this.#config, engine, own);
    const image = new DockerImage(engine.docker, place.image, this.#config.auth, log);
    this.#prepared = { engine, place, home: ownHome(own), image, parent, log };
  }

  async boot(order: BootOrder): Promise<Machine> {
    const prepared = this.#ready;
    const { bootTimeout } = this.#config;
    const signal = bootTimeout === undefined ? order.signal : AbortSignal.any([order.signal, timeUp(bootTimeout)]);
    const { log } = prepared;
    const { docker } = prepared.engine;
    const container = await this.#create(prepared, order, signal);
    try {
      signal.throwIfAborted();
      const output = await readOutput(docker, container, order.output);
      await container.start();
      signal.throwIfAborted();
      return this.#keep(new DockerMachine({ docker, container, output, keep: this.#config.keepRunners, log, signal: order.signal }));
    } catch (error) {
      await removeContainer(container);
      signal.throwIfAborted();
      throw dockerFailure(error, 'start', 'the container could not be started', this.#secrets());
    }
  }

  override async reap(signal?: AbortSignal): Promise<number> {
    const { engine, parent } = this.#ready;
    return removeOrphans(engine.docker, parent, signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal);
  }

  override async examine(signal: AbortSignal): Promise<readonly Check[]> {
    const { engine, place, image } = this.#ready;
    return examineDocker({ engine, place, image, pull: this.#config.pull }, signal);
  }

  override async machines(): Promise<readonly string[]> {
    const { engine, parent } = this.#ready;
    const found = await engine.docker.listContainers({ all: true, filters: { label: [`${labelPrefix}parent=${parent}`] } });
    // Those that are kept for their logs are machines no more.
    return found.filter(({ State }) => !this.#config.keepRunners || State === 'running').map(({ Id }) => shortId(Id));
  }

  override async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#prepared?.image.close(), ...Array.from(this.#machines, (machine) => machine.stop(0))]);
  }

  get #ready(): Prepared {
    if (this.#prepared === undefined)
      throw new FlameError('FLAME_CONFIG', 'DockerBackend was not prepared: give it to FlameModule.forRoot');
    return this.#prepared;
  }

  async #create({ engine, place, home, image }: Prepared, order: BootOrder, signal: AbortSignal): Promise<Docker.Container> {
    signal.throwIfAborted();
    if (this.#config.pull === 'always') await image.pull(signal);
    const flameParent = await order.flameParent({ host: place.parentHost });
    const spec = containerSpec(this.#config, place, home, order, flameParent);
    const secrets = this.#secrets(flameParent);
    const create = async (): Promise<Docker.Container> => {
      signal.throwIfAborted();
      try {
        return await engine.docker.createContainer(spec);
      } catch (error) {
        // The connection broke: whether it was made, nobody knows.
        if (statusOf(error) === undefined) await removeContainer(engine.docker.getContainer(spec.name!)).catch(() => undefined);
        throw error;
      }
    };
    try {
      return await create();
    } catch (error) {
      signal.throwIfAborted();
      if (statusOf(error) !== 404 || this.#config.pull !== 'missing' || (await image.isThere()))
        throw dockerFailure(error, 'create', 'the container could not be made', secrets);
    }
    await image.pull(signal);
    return create().catch((error: unknown) => {
      signal.throwIfAborted();
      throw dockerFailure(error, 'create', 'the container could not be made', secrets);
    });
  }

  #keep(machine: DockerMachine): DockerMachine {
    this.#machines.add(machine);
    void machine.exited.then(() => this.#machines.delete(machine));
    return machine;
  }

  #secrets(flameParent?: string): string[] {
    // Short values are words of their own in any error.
    const values = Object.values(this.#config.env).filter((value) => value !== undefined && value.length >= 8) as string[];
    return [...values, ...(flameParent === undefined ? [] : [flameParent])];
  }
}

function timeUp(bootTimeout: number): AbortSignal {
  const controller = new AbortController();
  const error = new BootError(`docker: the engine did not make and start a container within ${bootTimeout} ms`, { phase: 'create' });
  if (bootTimeout <= 2 ** 31 - 1) setTimeout(() => controller.abort(error), bootTimeout).unref();
  return controller.signal;
}
