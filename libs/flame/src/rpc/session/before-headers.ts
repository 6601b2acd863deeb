import type { OutgoingHttpHeader, ServerResponse } from 'node:http';

/**
 * Calls `action` just before the headers of a response are sent, whichever framework sends them. Express sets them on the response; Fastify
 * passes them to `writeHead`, where they would replace headers of the same name that `action` sets.
 */
export function beforeHeaders(response: ServerResponse, action: () => void): void {
  const writeHead = response.writeHead.bind(response) as (status: number, message?: string) => ServerResponse;
  response.writeHead = ((status: number, ...rest: unknown[]): ServerResponse => {
    delete (response as Partial<ServerResponse>).writeHead;
    const message = typeof rest[0] === 'string' ? rest.shift() : undefined;
    for (const [name, value] of entries(rest[0])) response.setHeader(name, value);
    action();
    return message === undefined ? writeHead(status) : writeHead(status, message as string);
  }) as ServerResponse['writeHead'];
}

/** Headers as `writeHead` takes them: an object, pairs, or names and values in turn. */
function entries(headers: unknown): [string, OutgoingHttpHeader][] {
  if (typeof headers !== 'object' || headers === null) return [];
  if (!Array.isArray(headers)) return Object.entries(headers).filter(([, value]) => value !== undefined);
  const flat = Array.isArray(headers[0]) ? (headers as unknown[][]).flatMap(([name, value]) => [name, value]) : headers;
  const merged = new Map<string, OutgoingHttpHeader>();
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const [name, value] = [String(flat[i]), flat[i + 1] as string];
    const before = merged.get(name);
    merged.set(name, before === undefined ? value : [before, value].flat().map(String));
  }
  return [...merged];
}
