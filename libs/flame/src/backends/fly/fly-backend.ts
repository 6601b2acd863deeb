import { BootError } from '../../core/errors/boot-error.js';
import type { Check } from '../../core/check.js';
import type { FlameLog } from '../../core/flame-log.js';
import { FlameBackend } from '../backend.js';
import type { BackendContext, BootRequest, Machine } from '../backend.js';
import { Leftovers } from '../platform/leftovers.js';
import { FlyApi } from './fly-api.js';
import { flyCreateBody } from './fly-create.js';
import { examineFly } from './fly-examination.js';
import { FlyApiError, flyFailure, isOfRegion } from './fly-failure.js';
import { FlyMachine } from './fly-machine.js';
import { checkFlyOptions, settle } from './fly-options.js';
import type { FlyBackendOptions, FlyOptions, FlySettings } from './fly-options.js';
import { flameParentOf, ShippedCode } from '../ship/shipped-code.js';
import { flyPrefix, ownOrigin, removeOrphans } from './fly-orphans.js';

/** Time in which the platform may still execute a request that it did not answer, in milliseconds. */
const mayComeFor = 60_000;

/** State that exists after `prepare`. */
interface Prepared {
  readonly settings: FlySettings;
  readonly api: FlyApi;
  readonly leftovers: Leftovers;
  readonly parent: string;
  readonly log: FlameLog;
}

/**
 * Runs every runner on its own Fly Machine, which the Machines API makes from the parent's image.
 *
 * Machines have `auto_destroy` and no restarts, so a machine that ends is removed. They inherit the parent's environment only as far as the
 * options allow. Fly itself gives them the secrets of the Fly app. Their output goes to `fly logs`, like the app's other output.
 */
export class FlyBackend extends FlameBackend {
  readonly name = 'fly';
  readonly reach = 'network';
  readonly #options: FlyOptions;
  readonly #origin = ownOrigin();
  readonly #machines = new Set<FlyMachine>();
  readonly #code: ShippedCode | undefined;
  #prepared: Prepared | undefined;

  /** @throws {FlameError} FLAME_CONFIG when an option is wrong. Missing options are reported when the app starts. */
  constructor(options: FlyBackendOptions = {}) {
    super();
    this.#options = checkFlyOptions(options);
    this.#code = this.#options.shipCode && new ShippedCode(this.#options.shipCode, this.name, 'FlyBackend.shipCode');
  }

  override async prepare({ parent, log }: BackendContext): Promise<void> {
    const settings = settle(this.#options);
    const api = new FlyApi({ ...settings, requestTimeout: settings.options.requestTimeout!, log });
    this.#prepared = { settings, api, leftovers: new Leftovers(log, api.requests.limit), parent, log };
    await this.#code?.prepare(log);
  }

  async boot(request: BootRequest): Promise<Machine> {
    const { regions } = this.#ready.settings;
    const refusals: { region: string; error: FlyApiError }[] = [];
    for (const region of regions) {
      try {
        return await this.#bootIn(region, request);
      } catch (error) {
        request.signal.throwIfAborted();
        if (!(error instanceof FlyApiError)) throw error;
        if (!isOfRegion(error)) throw flyFailure(`no machine was created in region ${region}: ${error.message}`, 'create', [error]);
        refusals.push({ region, error });
      }
    }
    const reasons = refusals.map(({ region, error }) => `${region}: ${error.message}`).join('; ');
    throw flyFailure(
      `no region has capacity for a runner: ${reasons}`,
      'create',
      refusals.map(({ error }) => error),
    );
  }

  override async reap(signal?: AbortSignal): Promise<number> {
    const { api, parent } = this.#ready;
    return removeOrphans(api, parent, this.#origin, signal);
  }

  override async examine(signal: AbortSignal): Promise<readonly Check[]> {
    const { api, settings, parent } = this.#ready;
    return examineFly(api, settings.parentHostname, parent, signal);
  }

  override async machines(): Promise<readonly string[]> {
    const { api, parent } = this.#ready;
    const machines = await api.list(`${flyPrefix}parent`, parent);
    return machines.filter(({ state }) => state !== 'destroyed').map(({ id }) => id);
  }

  override async close(): Promise<void> {
    await Promise.all(Array.from(this.#machines, (machine) => machine.stop(0)));
    await this.#prepared?.leftovers.close();
    await this.#code?.close();
  }

  get #ready(): Prepared {
    if (!this.#prepared) throw new Error('FlyBackend was not prepared: pass it to FlameModule.forRoot');
    return this.#prepared;
  }

  async #bootIn(region: string, request: BootRequest): Promise<FlyMachine> {
    const { api, settings, log } = this.#ready;
    const flameParent = await flameParentOf(this.#code, request, { host: settings.parentHostname });
    const body = flyCreateBody(settings, region, request, { flameParent, origin: this.#origin });
    const machine = await this.#make(body, flameParent, request);
    const abandon = (): void => void machine.stop(0);
    request.signal.addEventListener('abort', abandon, { once: true });
    void machine.exited.then(() => request.signal.removeEventListener('abort', abandon));
    try {
      const limit = settings.options.bootTimeout!;
      const late = limit === Infinity ? [] : [AbortSignal.timeout(limit)];
      await machine.started(AbortSignal.any([request.signal, ...late]));
      return machine;
    } catch (error) {
      await machine.stop(0);
      request.signal.throwIfAborted();
      log.debug(`fly: machine ${machine.id} in region ${region} is removed, because it did not start`);
      const why =
        error instanceof Error && error.name === 'TimeoutError'
          ? `machine ${machine.id} did not start within bootTimeout`
          : (error as Error).message;
      throw new BootError(`fly: ${why} (region ${region}). Read its output with: fly logs --app ${api.app} --machine ${machine.id}`, {
        phase: 'start',
      });
    }
  }

  async #make(body: object, secret: string, request: BootRequest): Promise<FlyMachine> {
    const { api, leftovers, log } = this.#ready;
    try {
      const made = new FlyMachine(api, await api.create(body, secret, request.signal), leftovers, log);
      this.#machines.add(made);
      // The machine destroys itself; this makes sure of it.
      void made.exited.then(() => made.stop(0)).then(() => this.#machines.delete(made));
      return made;
    } catch (error) {
      // Without an answer it is unknown whether the machine exists.
      if (error instanceof FlyApiError && (error.status === 0 || error.status >= 500)) await this.#removeUnheard(request);
      throw error;
    }
  }

  async #removeUnheard({ runner }: BootRequest): Promise<void> {
    const { api, leftovers, log } = this.#ready;
    const remove = async (): Promise<boolean> => {
      const found = await api.list(`${flyPrefix}runner`, runner);
      for (const { id } of found) await api.destroy(id);
      return found.length > 0;
    };
    let problem = 'the API did not report whether it created the machine';
    try {
      if (await remove()) return;
    } catch (error) {
      problem = (error as Error).message;
      log.warn(`fly: a machine for runner ${runner} may exist, because the API did not answer the request to create it: ${problem}`);
    }
    leftovers.add(`fly: a machine for runner ${runner}`, problem, { remove, mayComeFor });
  }
}
