import { once } from 'node:events';
import { createServer } from 'node:net';

/** Node's default port is 9229, which the parent may use. */
const firstPort = 9230;
const lastPort = 65_535;

/** Ports in use by runners of this process, of all its backends. */
const taken = new Set<number>();

/** A port for the inspector of a runner. `release` frees it. */
export interface InspectorPort {
  readonly port: number;
  release(): void;
}

/** Takes the first free port of this host, starting with `from`. With 0 the runner chooses a port. @throws if none is free. */
export async function takeInspectorPort(from = firstPort): Promise<InspectorPort> {
  if (from === 0) return { port: 0, release: () => {} };
  for (let port = from; port <= lastPort; port++) {
    if (taken.has(port)) continue;
    // Reserved before the first await, so that no other boot takes the same port.
    taken.add(port);
    if (await isFree(port)) return { port, release: () => void taken.delete(port) };
    taken.delete(port);
  }
  throw new Error(`no port from ${from} upwards is free for a runner's inspector`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}
