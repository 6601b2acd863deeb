import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** The `app` that Express adds to a request. It contains the setting for trusted proxies. */
interface ExpressRequest extends IncomingMessage {
  app?: { get?: (setting: string) => unknown };
}

/**
 * Whether a request comes from the dashboard's own page, from a person, or from a program, and not from a page of another origin.
 *
 * A browser sends `Sec-Fetch-Site`, which no page can set. Over plain HTTP it omits this header; then the host in `Origin` must be the
 * request's host. `origins` are additional origins of the dashboard, for proxies that do not pass on the host. `page` is true for requests
 * of the page itself: other sites may link to it.
 */
export function isOwnOrigin(request: IncomingMessage, origins: readonly string[], page: boolean): boolean {
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = request.headers;
  if (site === 'same-origin') return true;
  if (site !== undefined && site !== 'none') return page && request.method === 'GET' && mode === 'navigate' && dest === 'document';
  return origin === undefined || origins.includes(origin) || hostsOf(request).some((host) => isAt(origin, host));
}

/** The request's host, and the host that the proxy was asked for if the app trusts its proxy. */
function hostsOf(request: ExpressRequest): string[] {
  const { host, ':authority': authority, 'x-forwarded-host': forwarded } = request.headers;
  const trusts = request.app?.get?.('trust proxy fn');
  const trusted = typeof trusts === 'function' && (trusts as (address?: string, hop?: number) => unknown)(request.socket.remoteAddress, 0);
  const hosts = [host ?? authority, trusted ? String(forwarded ?? '').split(',', 1)[0] : undefined];
  return hosts.flatMap((name) => (typeof name === 'string' && name.trim() !== '' ? [name.trim()] : []));
}

/**
 * Compares the hosts as URLs, because a default port may be omitted in one of them. Uses the origin's protocol, because a proxy that
 * terminates TLS passes on plain HTTP.
 */
function isAt(origin: string, host: string): boolean {
  try {
    const { protocol, host: own } = new URL(origin);
    return own !== '' && new URL(`${protocol}//${host}`).host === own;
  } catch {
    return false;
  }
}

/** Removes CORS headers when a response is sent, even those that the app sets for all of its routes, before or after this call. */
export function withoutCors(response: ServerResponse): void {
  const writeHead = response.writeHead.bind(response) as (...given: unknown[]) => ServerResponse;
  // All ways to send headers call `writeHead`.
  response.writeHead = (...given: unknown[]): ServerResponse => {
    for (const name of response.getHeaderNames()) if (isCors(name)) response.removeHeader(name);
    return writeHead(...given.map((value) => (typeof value === 'object' && value !== null ? filtered(value) : value)));
  };
}

function filtered(headers: object): unknown {
  if (!Array.isArray(headers)) return Object.fromEntries(Object.entries(headers as OutgoingHttpHeaders).filter(([name]) => !isCors(name)));
  // The array contains names and values in turn.
  return headers.filter((_, index) => !isCors(String(headers[index - (index % 2)])));
}

function isCors(name: string): boolean {
  return name.toLowerCase().startsWith('access-control-');
}
