import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { FlameError } from '../core/errors/flame-error.js';
import type { FlameLog } from '../core/flame-log.js';
import type { Pool } from '../pool/pool.js';
import { accessBy } from './access.js';
import type { Access } from './access.js';
import type { DashboardConfig } from './dashboard-options.js';
import { eventHeaders } from './event-streams.js';
import { LiveFeed } from './live-feed.js';
import { performAction } from './actions.js';
import { isOwnOrigin, withoutCors } from './cross-origin.js';
import { readPage } from './page-file.js';
import type { PageFile } from './page-file.js';
import { PoolWatch } from './pool-watch.js';

/** The header that proves that an action comes from the page. */
const tokenHeader = 'x-flame-token';

/**
 * The dashboard's routes below its path: the page, `events`, and with `actions` `pools/<name>/<action>`. They use plain requests and
 * responses, so that they work the same on Express and Fastify, and no guard, pipe or interceptor of the app changes them.
 */
export class DashboardSite {
  readonly #config: DashboardConfig;
  readonly #pools: ReadonlyMap<string, Pool>;
  readonly #feed: LiveFeed;
  readonly #log: FlameLog;
  readonly #access: (request: IncomingMessage) => Promise<Access>;
  readonly #route: RegExp;
  readonly #token = randomBytes(24).toString('base64url');
  #page: Promise<PageFile> | undefined;

  constructor(config: DashboardConfig, pools: ReadonlyMap<string, Pool>, log: FlameLog) {
    this.#config = config;
    this.#pools = pools;
    this.#log = log;
    this.#access = accessBy(config.auth, (text) => log.warn(text));
    this.#route = new RegExp(`/${config.path.replaceAll('.', '\\.')}(?:/(events|pools/[^/]+/[\\w-]+))?/?$`);
    const watches = Array.from(pools.values(), (pool) => new PoolWatch(pool));
    this.#feed = new LiveFeed(watches, {
      instance: `${hostname()}, pid ${process.pid}`,
      token: config.actions ? this.#token : undefined,
    });
  }

  /** Answers a request below the dashboard's path. Never rejects. */
  readonly handle = async (request: IncomingMessage & { originalUrl?: string }, response: ServerResponse): Promise<void> => {
    for (const [name, value] of Object.entries(always)) response.setHeader(name, value);
    // A closing HTTP server waits for all connections, and open pages keep sending requests.
    if (this.#feed.closed) response.shouldKeepAlive = false;
    withoutCors(response);
    try {
      const { pathname, searchParams } = new URL(request.originalUrl ?? request.url ?? '/', 'http://any');
      const route = this.#route.exec(pathname);
      if (!isOwnOrigin(request, this.#config.origins, route?.[1] === undefined)) return refuseForeign(request, response);
      const access = await this.#access(request);
      if (access !== 'granted') return deny(response, access);
      if (!route) return say(response, 404, 'Not found.');
      const [, rest] = route;
      if (rest !== undefined && rest !== 'events') return await this.#act(request, response, rest, searchParams);
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return say(response, 405, 'Only GET is allowed here.', { allow: 'GET, HEAD' });
      if (rest === undefined) return await this.#sendPage(request, response);
      // The answer to GET is a stream without an end, so HEAD must not start one.
      if (request.method === 'HEAD') return void response.writeHead(200, eventHeaders).end();
      if (!this.#feed.hasRoom)
        return say(response, 503, 'Too many dashboard pages are open, or the app is closing.', { 'retry-after': '5' });
      this.#feed.watch(response);
    } catch (error) {
      this.#log.error(
        `the dashboard failed to answer a ${request.method} request: ${error instanceof Error ? error.message : String(error)}`,
      );
      if (response.headersSent) response.destroy();
      else say(response, 500, error instanceof FlameError ? error.message : "The dashboard failed. See the error in the app's log.");
    }
  };

  /** Ends the streams, so that the HTTP server can close. */
  close(): void {
    this.#feed.close();
  }

  async #sendPage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { html, etag, policy } = await (this.#page ??= readPage());
    const headers = { 'content-security-policy': policy, 'cache-control': 'private, no-cache', etag };
    if (request.headers['if-none-match'] === etag) response.writeHead(304, headers).end();
    else
      response.writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8' }).end(request.method === 'HEAD' ? undefined : html);
  }

  async #act(request: IncomingMessage, response: ServerResponse, route: string, params: URLSearchParams): Promise<void> {
    const [, encoded, action] = route.split('/') as [string, string, string];
    const pool = this.#pools.get(decoded(encoded));
    if (!this.#config.actions || !pool) return say(response, 404, 'Not found.');
    if (request.method !== 'POST') return say(response, 405, 'Use POST for actions.', { allow: 'POST' });
    if (!this.#isOwn(request)) return say(response, 403, 'This action was not sent by a page of this app instance. Reload the page.');
    try {
      const answer = await performAction(pool, action, params);
      if (answer === undefined) return say(response, 404, 'Unknown action.');
      this.#log.log(`dashboard: ${answer}`);
      this.#feed.publish();
      say(response, 200, answer);
    } catch (error) {
      if (!(error instanceof FlameError)) throw error;
      say(response, 400, error.message);
    }
  }

  /**
   * Whether an action comes from the page. Another site can make a browser send requests with the user's credentials, but it cannot read the
   * token, and it cannot set a header without permission.
   */
  #isOwn({ headers }: IncomingMessage): boolean {
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin') return false;
    const given = Buffer.from(String(headers[tokenHeader] ?? ''));
    const wanted = Buffer.from(this.#token);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }
}

const always = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
} as const;

function refuseForeign({ headers }: IncomingMessage, response: ServerResponse): void {
  const from = headers.origin === undefined ? 'a page of another site' : `a page of ${headers.origin.slice(0, 200)}`;
  const fix = "If a proxy changes the host, have it forward the browser's host, or list the origin in the dashboard's option origins.";
  say(response, 403, `This request comes from ${from}, but was sent to the host ${headers.host ?? '(none)'}. ${fix}`);
}

function deny(response: ServerResponse, access: 'challenge' | 'denied'): void {
  if (access === 'denied') return say(response, 403, 'Access denied.');
  say(response, 401, 'A user name and a password are required.', { 'www-authenticate': 'Basic realm="flame", charset="UTF-8"' });
}

function say(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }).end(text);
}

/** Decodes a pool's name in a path. An invalid encoding gives an empty name, which no pool has. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
