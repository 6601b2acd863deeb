import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { BootRequest } from '../backend.js';
import type { Cluster } from './kubernetes-api.js';
import { readStream } from './kubernetes-api.js';
import { splitLines } from '../launch/line-splitter.js';
import { heapIsFull } from '../process/process-exit.js';

/** The pause before a broken stream is requested again, in milliseconds. */
const askAgain = 1_000;

/**
 * The output of a container, passed on line by line while it runs. Kubernetes merges both streams, so every line is passed on as `stdout`.
 * A broken stream continues at its last line: the cluster writes a time before each line.
 */
export class PodOutput {
  readonly ended: Promise<void>;
  #heapFull = false;
  #last = '';
  #resumeAfter = '';
  readonly #output: BootRequest['output'];
  readonly #closing = new AbortController();

  /** `over` returns whether the container has ended, so that no more output follows. */
  constructor(cluster: Cluster, pod: string, container: string, output: BootRequest['output'], over: () => boolean) {
    this.#output = output;
    this.ended = this.#follow(cluster, pod, container, over);
  }

  /** Whether V8 has reported that its heap is full. */
  get heapFull(): boolean {
    return this.#heapFull;
  }

  /** Stops reading. */
  close(): void {
    this.#closing.abort();
  }

  async #follow(cluster: Cluster, pod: string, container: string, over: () => boolean): Promise<void> {
    for (let tries = 0; ; tries++) {
      const last = over();
      const came = await this.#read(cluster, pod, container);
      // The output exists until the pod is removed, so one more read after the container's end is complete.
      if (last || (over() && came === 'whole')) return;
      await pause(askAgain, undefined, { ref: false, signal: this.#closing.signal }).catch(() => undefined);
      if (this.#closing.signal.aborted) return;
      if (over() && tries > 2) return;
    }
  }

  async #read(cluster: Cluster, pod: string, container: string): Promise<'whole' | 'broken'> {
    this.#resumeAfter = this.#last;
    const stream = {
      path: `/api/v1/namespaces/${cluster.namespace}/pods/${pod}/log`,
      query: { container, follow: 'true', timestamps: 'true', ...(this.#last !== '' && { sinceTime: this.#last }) },
      signal: this.#closing.signal,
      read: (answer: IncomingMessage) => splitLines(answer, (line) => this.#take(line)),
    };
    // The pod or the connection may end at any time. The pod's status says how the container ended.
    return readStream(cluster, stream).then(
      () => 'whole',
      () => 'broken',
    );
  }

  #take(stamped: string): void {
    const space = stamped.indexOf(' ');
    const time = stamped.slice(0, space);
    // `sinceTime` is exact to the second only, so lines that were read before may come again. All times have the same length, so they
    // compare as strings.
    if (time <= this.#resumeAfter) return;
    this.#last = time;
    const line = stamped.slice(space + 1);
    this.#heapFull ||= heapIsFull.test(line);
    this.#output(line, 'stdout');
  }
}
