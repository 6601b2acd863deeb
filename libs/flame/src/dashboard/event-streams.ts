import type { ServerResponse } from 'node:http';

/** The maximum number of pages that watch, and the time in milliseconds for a page to read what was sent to it. */
const mostWatchers = 50;
const patience = 20_000;

export const eventHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Proxies and compression must not delay events.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
} as const;

interface Watcher {
  readonly response: ServerResponse;
  /** When it stopped reading; undefined while it reads. */
  stalledSince: number | undefined;
}

/**
 * The streams of server-sent events of the open pages. A page that is slower than the events misses some. A page that reads nothing for 20
 * seconds is disconnected. Nothing is buffered for a page beyond its socket. This class owns the responses and ends them.
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

  /** Takes over a response. `onEnd` is called once, when its page has disconnected. */
  add(response: ServerResponse, onEnd: () => void): void {
    // The connection ends with the stream. If the browser could reuse it, it would delay the app's close.
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

  /** Sends an event to all pages that are not stalled. */
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

  /** Ends all streams and accepts no new ones. */
  close(): void {
    this.#closed = true;
    for (const { response } of this.#watchers) response.end();
  }
}

export function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
