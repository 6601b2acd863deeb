import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { StandInLimits } from './stand-in-limits.js';
import { StandInMachine } from './stand-in-machine.js';
import type { StandInConfig, StandInImage, StandInState } from './stand-in-machine.js';

/** What a request may come to, as the API words it. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

/** A request as the stand-in has seen it. */
export interface Seen {
  readonly action: string;
  readonly at: number;
  readonly status: number;
  readonly body: unknown;
}

export interface StandInOptions {
  readonly token: string;
  readonly images: Readonly<Record<string, StandInImage>>;
  /** The longest wait for a state, in milliseconds: 60 s, but for tests of what comes after. */
  readonly longestWait?: number;
  /** What machines print. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr', machine: StandInMachine) => void;
}

/**
 * A stand-in of Fly's Machines API, written from its documentation: no Fly Machine is anywhere near. It speaks HTTP, keeps the documented limits,
 * states, waits, leases and answers, and boots processes on this host as its machines. What Fly's own scheduler, network and kernel do it cannot show.
 *
 * Sources: https://fly.io/docs/machines/api/machines-resource/, /working-with-machines-api/ and /machine-states/; what the documentation leaves
 * open (the words of errors, the state in which a wait fails) is made up, and marked so.
 */
export class FlyStandIn {
  readonly machines = new Map<string, StandInMachine>();
  readonly seen: Seen[] = [];
  /** Regions and what they answer to the making of a machine: 409, 412 and 422 for no capacity, 403 for no entry. */
  readonly full = new Map<string, { status: number; error: string }>();
  /** Answers that take the place of the next ones of an action, in their order; 0 breaks the connection after the work is done. */
  readonly spoiled = new Map<string, { status: number; error?: string; headers?: Record<string, string> }[]>();
  readonly #options: StandInOptions;
  readonly #limits = new StandInLimits();
  readonly #server: Server;

  private constructor(options: StandInOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(options: StandInOptions): Promise<FlyStandIn> {
    const standIn = new FlyStandIn(options);
    await new Promise<void>((resolve) => standIn.#server.listen(0, '127.0.0.1', resolve));
    standIn.#server.unref();
    process.on('exit', standIn.#killAll);
    return standIn;
  }

  get host(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The machines that are there, as far as the platform goes. */
  get present(): readonly StandInMachine[] {
    return [...this.machines.values()].filter(({ state }) => state !== 'destroyed');
  }

  /** A machine that is nobody's runner: such as one that a parent lives on. */
  place(machine: StandInMachine, state: StandInState): StandInMachine {
    machine.state = state;
    this.machines.set(machine.id, machine);
    return machine;
  }

  async close(): Promise<void> {
    this.#killAll();
    process.off('exit', this.#killAll);
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  readonly #killAll = (): void => {
    for (const machine of this.machines.values()) if (machine.state === 'started' || machine.state === 'stopping') machine.kill();
  };

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: { status: number; body?: unknown; headers?: Record<string, string> };
    let action = 'unknown';
    let body: unknown;
    try {
      const text = await read(request);
      body = text === '' ? undefined : JSON.parse(text);
      const url = new URL(request.url!, this.host);
      if (request.headers.authorization !== `Bearer ${this.#options.token}`) throw new Refusal(401, 'Authenticate: token validation error');
      const route = routeOf(request.method!, url.pathname);
      action = route.action;
      const spoiled = this.spoiled.get(action)?.shift();
      if (spoiled && spoiled.status !== 0) throw new Refusal(spoiled.status, spoiled.error ?? 'spoiled', spoiled.headers);
      const wait = this.#limits.refuse(action, route.machine ?? route.app);
      if (wait !== undefined) throw new Refusal(429, 'rate limit exceeded', { 'retry-after': String(wait) });
      answer = { status: 200, body: await this.#act(route, url.searchParams, body, request, response) };
      if (spoiled) return void request.socket.destroy();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      answer = { status: error.status, body: { error: error.message }, headers: error.headers };
    }
    this.seen.push({ action, at: performance.now(), status: answer.status, body });
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(JSON.stringify(answer.body));
  }

  async #act(route: Route, query: URLSearchParams, body: unknown, request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    if (!route.app.startsWith('flame-')) throw new Refusal(404, 'app not found');
    if (route.action === 'app') return { name: route.app, status: 'deployed' };
    if (route.action === 'list') return this.#list(route.app, query);
    if (route.action === 'create') return this.#create(route.app, body as CreateBody);
    const machine = this.machines.get(route.machine!);
    if (!machine || machine.app !== route.app) throw new Refusal(404, 'machine not found');
    if (request.method !== 'GET') refuseOthers(machine, request.headers['fly-machine-lease-nonce']);
    switch (route.action) {
      case 'get':
        return machine.describe();
      case 'wait':
        await this.#wait(machine, query, response);
        return { ok: true };
      case 'stop': {
        const { signal = 'SIGINT', timeout = '5s' } = (body ?? {}) as { signal?: NodeJS.Signals; timeout?: string };
        machine.stop(signal, Number.parseFloat(timeout) * 1_000);
        return { ok: true };
      }
      case 'delete':
        if (machine.state === 'destroyed') throw new Refusal(404, 'machine not found');
        if (query.get('force') !== 'true' && machine.state !== 'stopped')
          throw new Refusal(412, `failed_precondition: unable to destroy machine, not currently stopped, currently: '${machine.state}'`);
        machine.destroy();
        return { ok: true };
      case 'lease': {
        const { ttl = 30 } = (body ?? {}) as { ttl?: number };
        machine.lease = { nonce: randomBytes(6).toString('hex'), until: Date.now() + ttl * 1_000 };
        return { status: 'success', data: { nonce: machine.lease.nonce } };
      }
      case 'unlease':
        machine.lease = undefined;
        return { status: 'success', data: { ok: true } };
      default:
        throw new Refusal(404, 'page not found');
    }
  }

  #list(app: string, query: URLSearchParams): object[] {
    const wanted = [...query]
      .filter(([key]) => key.startsWith('metadata.'))
      .map(([key, value]) => [key.slice('metadata.'.length), value] as const);
    return this.present
      .filter((machine) => machine.app === app && wanted.every(([key, value]) => machine.config.metadata?.[key] === value))
      .map((machine) => machine.describe());
  }

  #create(app: string, { name, region = 'fra', config }: CreateBody): object {
    const refused = this.full.get(region);
    if (refused) throw new Refusal(refused.status, refused.error);
    if (!config?.image) throw new Refusal(400, 'invalid_argument: config.image is required');
    const image = this.#options.images[config.image];
    if (!image) throw new Refusal(400, `invalid_argument: could not find image "${config.image}"`);
    if (this.present.some((machine) => machine.app === app && machine.name === name))
      throw new Refusal(409, `already_exists: unique machine name violation, machine ID already exists with name "${name}"`);
    const machine = new StandInMachine(app, name, region, config, '::1');
    this.machines.set(machine.id, machine);
    const created = machine.describe();
    const { onLine } = this.#options;
    const rest = { stdout: '', stderr: '' };
    void machine.launch(image, (text, stream) => {
      const lines = (rest[stream] + text).split('\n');
      rest[stream] = lines.pop()!;
      for (const line of lines) onLine?.(line, stream, machine);
    });
    return created;
  }

  /** Blocks until the machine is in the state, for `timeout` seconds, 60 at the most. */
  async #wait(machine: StandInMachine, query: URLSearchParams, response: ServerResponse): Promise<void> {
    const state = (query.get('state') ?? 'started') as StandInState;
    if (!['started', 'stopped', 'suspended', 'destroyed'].includes(state))
      throw new Refusal(400, `invalid_argument: unknown state "${state}"`);
    if (state === 'stopped' && !query.has('instance_id'))
      throw new Refusal(400, 'invalid_argument: instance_id is required to wait for "stopped"');
    const seconds = Number(query.get('timeout') ?? 60);
    if (!(seconds >= 1 && seconds <= 60)) throw new Refusal(400, 'invalid_argument: timeout must be between 1 and 60 seconds');
    const limit = Math.min(seconds * 1_000, this.#options.longestWait ?? 60_000);
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (machine.state === state) settle(resolve);
        // Not documented: what cannot come any more is not waited for.
        else if (machine.state === 'destroyed' || (state === 'started' && machine.state === 'stopped'))
          settle(() => reject(new Refusal(400, `failed_precondition: machine is ${machine.state}, and will not be ${state}`)));
      };
      const late = setTimeout(
        () => settle(() => reject(new Refusal(408, 'deadline_exceeded: machine not in state before timeout'))),
        limit,
      );
      const gone = (): void => settle(resolve);
      const settle = (outcome: () => void): void => {
        clearTimeout(late);
        machine.states.off('state', look);
        response.off('close', gone);
        outcome();
      };
      machine.states.on('state', look);
      response.on('close', gone);
      look();
    });
  }
}

interface CreateBody {
  readonly name: string;
  readonly region?: string;
  readonly config?: StandInConfig;
}

interface Route {
  readonly action: string;
  readonly app: string;
  readonly machine?: string;
}

function routeOf(method: string, path: string): Route {
  const [, app, machine, rest] = /^\/v1\/apps\/([^/]+)(?:\/machines(?:\/([^/]+)(?:\/(\w+))?)?)?$/.exec(path) ?? [];
  if (app === undefined) throw new Refusal(404, 'page not found');
  if (machine === undefined) {
    if (!path.endsWith('/machines')) return { action: 'app', app };
    return { action: method === 'POST' ? 'create' : 'list', app };
  }
  if (rest === 'lease') return { action: method === 'DELETE' ? 'unlease' : 'lease', app, machine };
  if (rest !== undefined) return { action: rest, app, machine };
  return { action: method === 'DELETE' ? 'delete' : 'get', app, machine };
}

/** While someone holds a machine's lease, nobody else changes it. */
function refuseOthers({ lease }: StandInMachine, nonce: unknown): void {
  if (!lease || lease.until < Date.now() || lease.nonce === nonce) return;
  throw new Refusal(409, 'lease currently held by someone@example.com');
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part as string;
  return text;
}
