import type { IncomingMessage, ServerResponse } from 'node:http';
import { badOption, OptionReader } from '../../core/options/option-reader.js';
import type { FlameLog } from '../../core/flame-log.js';
import { readReplicaWait } from '../replication/await-replica.js';
import type { AwaitReplicaOptions, ReplicaWait } from '../replication/await-replica.js';
import type { PositionKeeper } from '../replication/replica-waiter.js';
import type { Replication } from '../replication/replication.js';
import { readSecrets } from '../rpc-security.js';
import { beforeHeaders } from './before-headers.js';
import { SessionTokens } from './session-token.js';

/** Options of `rpc.session`. */
export interface RegionSessionOptions {
  /**
   * Signs the positions that clients keep: at least 32 characters, the same on all instances. During a rotation, give a list: the first one
   * signs, and all are accepted.
   */
  secret: string | readonly string[];
  /** The name of the cookie. @default 'flame_position' */
  cookie?: string;
  /** A header of requests and responses, instead of the cookie, for clients that keep no cookies: they send back what they got. */
  header?: string;
  /** Whether the cookie is sent over HTTPS only. @default false */
  secure?: boolean;
  /** How long a position is kept, in milliseconds. It should be longer than any lag of a replica. @default 300_000 */
  maxAge?: number;
  /** Time for a request to wait for the replica, in milliseconds. @default 5_000 */
  timeout?: number;
  /**
   * What happens to a request if the replica is not there in time. With `'fail'` it fails with `FLAME_TIMEOUT` (HTTP 504), with `'return'` it
   * continues, with a warning in the log.
   *
   * @default 'fail'
   */
  onTimeout?: AwaitReplicaOptions['onTimeout'];
}

const defaults = { cookie: 'flame_position', secure: false, maxAge: 300_000 } as const;

/** The position of one request or other piece of work. */
interface Scope extends PositionKeeper {
  position: string | undefined;
  /** Whether the client has to be told the position, or that it has none. */
  changed: boolean;
}

/**
 * Lets each request of a session see what earlier ones wrote in the primary region: the position of a write is kept by the client, signed,
 * and the next request waits until the local replica has reached it, on whichever instance of a region it arrives.
 */
export class RegionSession {
  readonly #replication: Replication;
  readonly #log: Pick<FlameLog, 'warn'>;
  readonly #tokens: SessionTokens;
  readonly #wait: ReplicaWait;
  readonly #cookie: string;
  readonly #header: string | undefined;
  readonly #attributes: string;
  readonly #maxAge: number;
  readonly #warned = new Set<string>();
  /** The latest position that the local replica is known to have reached. */
  #reached: string | undefined;

  /** @throws {FlameError} FLAME_CONFIG for a bad option, or without a `replicationClock` that has `later`. */
  constructor(options: RegionSessionOptions, replication: Replication, log: Pick<FlameLog, 'warn'>) {
    const path = 'RegionRpc.session options';
    const read = new OptionReader(options, path);
    const secrets = readSecrets(read, undefined);
    if (!secrets)
      throw badOption(
        `${path}.secret`,
        'is missing',
        'Set it to 32 random characters or more, the same on all instances (openssl rand -base64 32).',
      );
    this.#cookie = token(read, 'cookie') ?? defaults.cookie;
    this.#header = token(read, 'header')?.toLowerCase();
    const maxAge = read.duration('maxAge', defaults.maxAge);
    const secure = read.flag('secure', defaults.secure) ? '; Secure' : '';
    this.#attributes = `; Path=/; HttpOnly; SameSite=Lax${secure}`;
    this.#wait = readReplicaWait(read, false);
    read.done();
    this.#maxAge = maxAge;
    this.#tokens = new SessionTokens(secrets, maxAge);
    if (!replication.clock?.later)
      throw badOption(
        'RegionRpc.session()',
        replication.clock ? 'needs the method later of the replicationClock' : 'needs the option replicationClock of FlameRpcModule',
        'Set it for example to PostgresReplicationClock.pg(pool).',
      );
    this.#replication = replication;
    this.#log = log;
  }

  /** A middleware for Nest on Express and Fastify: `consumer.apply(session.middleware)`, or `app.use(session.middleware)`. */
  readonly middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void => {
    const scope = this.#scope(this.#given(request));
    beforeHeaders(response, () => {
      if (scope.changed) this.#tell(response, scope.position);
      scope.keep = () =>
        this.#warnOnce(
          'a call to the primary region returned after the headers of its response were sent, so the next request does not wait for it',
        );
    });
    const enter = (): void => this.#replication.sessions.run(scope, next);
    if (scope.position === undefined || this.#isReached(scope.position)) return enter();
    this.#ready(scope).then(enter, next);
  };

  /**
   * For work that is no HTTP request: waits until the local replica has reached the position of `token`, then runs `work`. In it, `token()`
   * gives what to pass to the next piece of work.
   */
  async run<T>(token: string | undefined, work: () => T | Promise<T>): Promise<T> {
    const scope = this.#scope(token);
    if (scope.position !== undefined && !this.#isReached(scope.position)) await this.#ready(scope);
    return this.#replication.sessions.run(scope, work);
  }

  /** The signed position of the current request or work; undefined if it has none. */
  token(): string | undefined {
    const position = (this.#replication.sessions.getStore() as Scope | undefined)?.position;
    return position === undefined ? undefined : this.#tokens.sign(position, Date.now());
  }

  #scope(token: string | undefined): Scope {
    const clock = this.#replication.clock!;
    const scope: Scope = {
      position: token === undefined ? undefined : this.#read(token),
      changed: false,
      keep: (position) => {
        scope.position = scope.position === undefined ? position : clock.later!(scope.position, position);
        scope.changed = true;
      },
    };
    return scope;
  }

  #read(token: string): string | undefined {
    const read = this.#tokens.read(token, Date.now());
    if ('position' in read) return read.position;
    this.#warnOnce(`ignored the position of a request's session: it is ${read.refused}`);
    return undefined;
  }

  #isReached(position: string): boolean {
    if (this.#replication.isPrimary) return true;
    return this.#reached !== undefined && this.#replication.clock!.later!(this.#reached, position) === this.#reached;
  }

  /** @throws {FlameError} FLAME_TIMEOUT if the replica is behind for too long, unless `onTimeout` says otherwise. */
  async #ready(scope: Scope): Promise<void> {
    const { position } = scope;
    const known = await this.#replication.waitForSession(position!, this.#wait);
    if (known === 'reached')
      this.#reached = this.#reached === undefined ? position : this.#replication.clock!.later!(this.#reached, position!);
    if (known !== 'in vain') return;
    // The position will never be reached, so no later request should wait for it.
    scope.position = undefined;
    scope.changed = true;
  }

  #given(request: IncomingMessage): string | undefined {
    if (this.#header !== undefined) {
      const given = request.headers[this.#header];
      return Array.isArray(given) ? given[0] : given;
    }
    for (const pair of request.headers.cookie?.split(';') ?? []) {
      const [name, value] = pair.split('=', 2);
      if (name!.trim() === this.#cookie && value) return value.trim();
    }
    return undefined;
  }

  #tell(response: ServerResponse, position: string | undefined): void {
    const token = position === undefined ? '' : this.#tokens.sign(position, Date.now());
    if (this.#header !== undefined) return void response.setHeader(this.#header, token);
    const age = position === undefined ? 0 : Math.ceil(this.#maxAge / 1_000);
    response.appendHeader('Set-Cookie', `${this.#cookie}=${token}; Max-Age=${age}${this.#attributes}`);
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#log.warn(`${text} (logged once)`);
  }
}

/** A name of a cookie or a header: a token of HTTP. */
function token(read: OptionReader, key: 'cookie' | 'header'): string | undefined {
  const name = read.optionalText(key);
  if (name === undefined || /^[\w!#$%&'*+.^`|~-]+$/.test(name)) return name;
  throw read.refuse(key, `is ${JSON.stringify(name)}, which cannot be the name of a ${key}`, 'Use letters, digits, - and _.');
}
