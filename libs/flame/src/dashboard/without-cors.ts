import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

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
