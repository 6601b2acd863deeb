import type { ServerResponse } from 'node:http';

/** Pages that may watch at once, and the time a page has to take what was sent to it. */
const mostWatchers = 50;
const patience = 20_000;

export const eventHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Neither proxies nor compression may hold events back.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
} as const;

interface Watcher {
  readonly response: ServerResponse;
  /** Since when it has not taken what was sent; undefined when it has. */
  stalledSince: number | undefined;
}

/**
 * The pages that watch, as streams of server-sent events. A page that is slower than the events misses some, and one that takes none
 * for 20 seconds is let go: nothing is kept for it but what its socket holds. It owns the responses and ends them.
 */
export class EventStreams {
  readonly #watchers = new Set<Watcher>();
  #closed = false;

  get count(): number {
    return this.#watchers.size;
  }

  /** Whether another page may watch. */
  get hasRoom(): boolean {
    return !this.#closed && this.#watchers.size < mostWatchers;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Takes a response over. `onEnd` is called once, when its page has gone. */
  add(response: ServerResponse, onEnd: () => void): void {
    // Its connection is its own and ends with it: one that a browser could use again would hold up an app that closes.
    response.shouldKeepAlive = false;
    response.writeHead(200, eventHeaders);
    response.write('retry: 2000\n\n');
    const watcher = { response, stalledSince: undefined };
    this.#watchers.add(watcher);
    response.once('close', () => {
      this.#watchers.delete(watcher);
      onEnd();
    });
    response.on('error', () => response.destroy());
  }

  /** Sends an event to all who keep up. */
  send(event: string, data: unknown, now: number): void {
    if (this.#watchers.size === 0) return;
    const text = eventText(event, data);
    for (const watcher of this.#watchers) {
      if (!watcher.response.writableNeedDrain) {
        watcher.stalledSince = undefined;
        watcher.response.write(text);
      } else if (now - (watcher.stalledSince ??= now) > patience) watcher.response.destroy();
    }
  }

  /** Ends every stream, and takes no more. */
  close(): void {
    this.#closed = true;
    for (const { response } of this.#watchers) response.end();
  }
}

export function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
