/**
 * Whether an object is the request of an HTTP server: Node's over HTTP/1 or HTTP/2, as Express passes it on, Fastify's around it, or one that
 * a test injects. A response that a client got is none, although Node's class is the same.
 */
export function isHttpRequest(value: object): boolean {
  const { method, url, headers, pipe, raw } = value as Record<'method' | 'url' | 'headers' | 'pipe' | 'raw', unknown>;
  if (typeof method !== 'string' || typeof url !== 'string' || typeof headers !== 'object') return false;
  if (typeof pipe === 'function') return true;
  return typeof raw === 'object' && raw !== null && raw !== value && isHttpRequest(raw);
}
