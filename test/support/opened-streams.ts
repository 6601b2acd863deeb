import { PerformanceObserver } from 'node:perf_hooks';

/** Counts the HTTP/2 streams that clients opened to this process, from Node's performance entries of ended connections. */
export class OpenedStreams {
  #count = 0;
  readonly #observer = new PerformanceObserver((list) => {
    for (const { name, detail } of list.getEntries() as { name: string; detail?: unknown }[]) {
      const { type, streamCount } = detail as { type?: string; streamCount?: number };
      if (name === 'Http2Session' && type === 'server') this.#count += streamCount!;
    }
  });

  constructor() {
    this.#observer.observe({ entryTypes: ['http2'] });
  }

  /** The number of streams on connections that have ended. */
  get count(): number {
    return this.#count;
  }

  stop(): void {
    this.#observer.disconnect();
  }
}
