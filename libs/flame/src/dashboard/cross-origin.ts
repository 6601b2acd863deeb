import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** What Express adds to a request: its app knows which proxies it trusts. */
interface ExpressRequest extends IncomingMessage {
  app?: { get?: (setting: string) => unknown };
}

/**
 * Whether a request comes from the dashboard's own page, from a person, or from a program; not from a page of another origin.
 *
 * A browser says so in `Sec-Fetch-Site`, which no page can set. It leaves that out over plain HTTP; then the host of `Origin` must be the
 * one that was asked. `origins` are also the dashboard's own, under names that a proxy does not pass on. `page`: it is the page that is
 * asked for, to which other sites may have links.
 */
export function isOwnOrigin(request: IncomingMessage, origins: readonly string[], page: boolean): boolean {
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = request.headers;
  if (site === 'same-origin') return true;
  if (site !== undefined && site !== 'none') return page && request.method === 'GET' && mode === 'navigate' && dest === 'document';
  return origin === undefined || origins.includes(origin) || hostsOf(request).some((host) => isAt(origin, host));
}

/** The host that was asked, and where the app trusts its proxy the one that the proxy was asked. */
function hostsOf(request: ExpressRequest): string[] {
  const { host, ':authority': authority, 'x-forwarded-host': forwarded } = request.headers;
  const trusts = request.app?.get?.('trust proxy fn');
  const trusted = typeof trusts === 'function' && (trusts as (address?: string, hop?: number) => unknown)(request.socket.remoteAddress, 0);
  const hosts = [host ?? authority, trusted ? String(forwarded ?? '').split(',', 1)[0] : undefined];
  return hosts.flatMap((name) => (typeof name === 'string' && name.trim() !== '' ? [name.trim()] : []));
}

/**
 * Ports that go without saying are left out of one and perhaps not of the other. What ends TLS before the app may have made HTTP of HTTPS.
 */
function isAt(origin: string, host: string): boolean {
  try {
    const { protocol, host: own } = new URL(origin);
    return own !== '' && new URL(`${protocol}//${host}`).host === own;
  } catch {
    return false;
  }
}

/** Has a response go out without CORS headers, whatever the app sets for all of its routes, before or after this. */
export function withoutCors(response: ServerResponse): void {
  const writeHead = response.writeHead.bind(response) as (...given: unknown[]) => ServerResponse;
  // Every way to send headers leads here.
  response.writeHead = (...given: unknown[]): ServerResponse => {
    for (const name of response.getHeaderNames()) if (isCors(name)) response.removeHeader(name);
    return writeHead(...given.map((value) => (typeof value === 'object' && value !== null ? filtered(value) : value)));
  };
}

function filtered(headers: object): unknown {
  if (!Array.isArray(headers)) return Object.fromEntries(Object.entries(headers as OutgoingHttpHeaders).filter(([name]) => !isCors(name)));
  // Names and values in turn.
  return headers.filter((_, place) => !isCors(String(headers[place - (place % 2)])));
}

function isCors(name: string): boolean {
  return name.toLowerCase().startsWith('access-control-');
}
