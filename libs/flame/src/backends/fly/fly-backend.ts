import { isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { BootError } from '../../core/errors/boot-error.js';
import type { BootPhase } from '../../core/errors/boot-error.js';
import type { Check } from '../../core/check.js';
import type { FlameLog } from '../../core/flame-log.js';
import { FlameBackend } from '../backend.js';
import type { BackendContext, BootRequest, Machine } from '../backend.js';
import { Leftovers } from '../platform/leftovers.js';
import { FlyApi, FlyApiError } from './fly-api.js';
import { flyCreateBody } from './fly-create.js';
import type { FlyMachineInfo } from './fly-exit.js';
import { FlyMachine } from './fly-machine.js';
import { checkFlyOptions, settle } from './fly-options.js';
import type { FlyBackendOptions, FlyOptions, FlySettings } from './fly-options.js';
import { flyMark, flyPrefix, isGone, originOf, ownOrigin } from './fly-origin.js';

/** The platform has no room in this region now, or does not let us in there: another one may. */
const elsewhere: readonly number[] = [403, 409, 412, 422];
/** What another try cannot better: a wrong token, no right, no such app, a body that the API does not take. */
const fatal: readonly number[] = [400, 401, 403, 404];

/** For how long the platform may still make what it was asked for without an answer. */
const mayComeFor = 60_000;

/** What a backend has once the app has started. */
interface Prepared {
  readonly settings: FlySettings;
  readonly api: FlyApi;
  readonly leftovers: Leftovers;
  readonly parent: string;
  readonly log: FlameLog;
}

/**
 * Runs every runner on a Fly Machine of its own, made by the Machines API from the image that the parent runs.
 *
 * Machines are made with `auto_destroy` and without restarts, so that one that ends is gone. They get none of the parent's environment but what the
 * options say; the secrets of the Fly app they have from Fly. What they print is where the app's other output is: in `fly logs`.
 */
export class FlyBackend extends FlameBackend {
  readonly name = 'fly';
  readonly reach = 'network';
  readonly #options: FlyOptions;
  readonly #origin = ownOrigin();
  readonly #machines = new Set<FlyMachine>();
  #prepared: Prepared | undefined;

  /** @throws {FlameError} FLAME_CONFIG when an option is wrong. What is missing is told when the app starts. */
  constructor(options: FlyBackendOptions = {}) {
    super();
    this.#options = checkFlyOptions(options);
  }

  override async prepare({ parent, log }: BackendContext): Promise<void> {
    const settings = settle(this.#options);
    const api = new FlyApi({ ...settings, requestTimeout: settings.options.requestTimeout!, log });
    this.#prepared = { settings, api, leftovers: new Leftovers(log, api.requests.limit), parent, log };
  }

  async boot(order: BootRequest): Promise<Machine> {
    const { regions } = this.#ready.settings;
    const refusals: { region: string; error: FlyApiError }[] = [];
    for (const region of regions) {
      try {
        return await this.#bootIn(region, order);
      } catch (error) {
        order.signal.throwIfAborted();
        if (!(error instanceof FlyApiError)) throw error;
        if (!elsewhere.includes(error.status)) throw bootError(`no machine in ${region}: ${error.message}`, 'create', [error]);
        refusals.push({ region, error });
      }
    }
    const reasons = refusals.map(({ region, error }) => `${region}: ${error.message}`).join('; ');
    throw bootError(
      `no region has room for a runner: ${reasons}`,
      'create',
      refusals.map(({ error }) => error),
    );
  }

  override async reap(signal?: AbortSignal): Promise<number> {
    const { api, parent } = this.#ready;
    const homes = new Map<string, Promise<FlyMachineInfo | undefined>>();
    let count = 0;
    for (const machine of await api.list(flyMark.key, flyMark.value, signal)) {
      const origin = originOf(machine);
      if (!origin || origin.parent === parent || machine.state === 'destroyed') continue;
      const home = homes.get(origin.machine) ?? api.get(origin.machine, signal);
      homes.set(origin.machine, home);
      if (!isGone(origin, await home, this.#origin)) continue;
      await api.destroy(machine.id);
      count++;
    }
    return count;
  }

  override async examine(signal: AbortSignal): Promise<readonly Check[]> {
    const { api, settings, parent } = this.#ready;
    const checks: Check[] = [];
    try {
      await api.describe(signal);
      checks.push({ name: 'engine', ok: true, message: `the Machines API at ${api.host} knows the app ${api.app}` });
      await api.list(`${flyPrefix}parent`, parent, signal);
      checks.push({ name: 'rights', ok: true, message: `the token may list the machines of ${api.app}` });
    } catch (error) {
      if (!(error instanceof FlyApiError)) throw error;
      return [...checks, whatToMend(error, api)];
    }
    return [...checks, addressed(settings.parentHostname)];
  }

  override async machines(): Promise<readonly string[]> {
    const { api, parent } = this.#ready;
    const machines = await api.list(`${flyPrefix}parent`, parent);
    return machines.filter(({ state }) => state !== 'destroyed').map(({ id }) => id);
  }

  override async close(): Promise<void> {
    await Promise.all(Array.from(this.#machines, (machine) => machine.stop(0)));
    await this.#prepared?.leftovers.close();
  }

  get #ready(): Prepared {
    if (!this.#prepared) throw new Error('fly: prepare() was not called');
    return this.#prepared;
  }

  async #bootIn(region: string, order: BootRequest): Promise<FlyMachine> {
    const { api, settings, log } = this.#ready;
    const flameParent = await order.flameParent({ host: settings.parentHostname });
    const body = flyCreateBody(settings, region, order, { flameParent, origin: this.#origin });
    const machine = await this.#make(body, flameParent, order);
    const abandon = (): void => void machine.stop(0);
    order.signal.addEventListener('abort', abandon, { once: true });
    void machine.exited.then(() => order.signal.removeEventListener('abort', abandon));
    try {
      const limit = settings.options.bootTimeout!;
      const late = limit === Infinity ? [] : [AbortSignal.timeout(limit)];
      await machine.started(AbortSignal.any([order.signal, ...late]));
      return machine;
    } catch (error) {
      await machine.stop(0);
      order.signal.throwIfAborted();
      log.debug(`fly: machine ${machine.id} in ${region} was given up`);
      const why =
        error instanceof Error && error.name === 'TimeoutError'
          ? `machine ${machine.id} did not start within bootTimeout`
          : (error as Error).message;
      throw new BootError(`fly: ${why} (region ${region}). What it printed: fly logs --app ${api.app} --machine ${machine.id}`, {
        phase: 'start',
      });
    }
  }

  async #make(body: object, secret: string, order: BootRequest): Promise<FlyMachine> {
    const { api, leftovers, log } = this.#ready;
    try {
      const made = new FlyMachine(api, await api.create(body, secret, order.signal), leftovers, log);
      this.#machines.add(made);
      // It destroys itself; this sees to it.
      void made.exited.then(() => made.stop(0)).then(() => this.#machines.delete(made));
      return made;
    } catch (error) {
      // Without an answer nobody knows whether there is a machine now.
      if (error instanceof FlyApiError && (error.status === 0 || error.status >= 500)) await this.#removeUnheard(order);
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
    let problem = 'the API did not answer whether it made it';
    try {
      if (await remove()) return;
    } catch (error) {
      problem = (error as Error).message;
      log.warn(`fly: there may be a machine for runner ${runner}, of whose making nothing was heard: ${problem}`);
    }
    leftovers.add(`fly: a machine for runner ${runner}`, problem, { remove, mayComeFor });
  }
}

/** Fatal when every answer was. */
function bootError(text: string, phase: BootPhase, answers: readonly FlyApiError[]): BootError {
  const hopeless = answers.every(({ status }) => fatal.includes(status));
  return new BootError(`fly: ${text}`, { phase, fatal: hopeless, cause: answers[0] });
}

function whatToMend(error: FlyApiError, { app, host }: FlyApi): Check {
  const found = error.message;
  if (error.status === 404)
    return { name: 'engine', ok: false, message: found, fix: `Set FlyBackend's option app, or FLY_APP_NAME: there is no app "${app}".` };
  if (error.status === 401 || error.status === 403)
    return {
      name: 'rights',
      ok: false,
      message: found,
      fix: `Give a token for this app: fly secrets set FLY_API_TOKEN="$(fly tokens create deploy --app ${app})".`,
    };
  return {
    name: 'engine',
    ok: false,
    message: found,
    fix: `Set FlyBackend's option host, or FLY_API_HOSTNAME, if ${host} is not the Machines API that this process can reach.`,
  };
}

function addressed(host: string): Check {
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => plain(address)));
  if (isIP(host) === 0) return { name: 'network', ok: true, message: `runners will look for this process as ${host}` };
  if (own.includes(plain(host)))
    return { name: 'network', ok: true, message: `${host}, where runners will look for this process, is an address of this machine` };
  const mend =
    "Leave FlyBackend's option parentHostname out on Fly, where FLY_PRIVATE_IP gives it, or give an address of this machine that runners can reach.";
  return {
    name: 'network',
    ok: false,
    message: `${host}, where runners will look for this process, is no address of this machine`,
    fix: mend,
  };
}

/** An address in the one form that is the shortest. */
function plain(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname : address;
}
