import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { BootRequest } from '../backend.js';
import type { Cluster } from './kubernetes-api.js';
import { readStream } from './kubernetes-api.js';
import { splitLines } from '../launch/line-splitter.js';
import { heapIsFull } from '../process/process-exit.js';

/** After which a broken stream is asked for again. */
const askAgain = 1_000;

/**
 * What a container prints, handed on line by line while it runs. Kubernetes keeps both streams as one, so all comes as `stdout`. A stream
 * that breaks is taken up where it was, by the times that the cluster puts before each line.
 */
export class PodOutput {
  readonly ended: Promise<void>;
  #heapFull = false;
  #last = '';
  #resumeAfter = '';
  readonly #output: BootRequest['output'];
  readonly #closing = new AbortController();

  /** `over` says whether the container has ended: then what has come is all. */
  constructor(cluster: Cluster, pod: string, container: string, output: BootRequest['output'], over: () => boolean) {
    this.#output = output;
    this.ended = this.#follow(cluster, pod, container, over);
  }

  /** Whether V8 has said that its heap is full. */
  get heapFull(): boolean {
    return this.#heapFull;
  }

  /** Reads no more. */
  close(): void {
    this.#closing.abort();
  }

  async #follow(cluster: Cluster, pod: string, container: string, over: () => boolean): Promise<void> {
    for (let tries = 0; ; tries++) {
      const last = over();
      const came = await this.#read(cluster, pod, container);
      // What the container printed is there until its pod is removed, so one more look after its end has it all.
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
    // The pod or the cluster may go at any time; how the container ended is told by its pod.
    return readStream(cluster, stream).then(
      () => 'whole',
      () => 'broken',
    );
  }

  #take(stamped: string): void {
    const space = stamped.indexOf(' ');
    const time = stamped.slice(0, space);
    // The cluster goes by seconds when it is asked for lines since a time; it writes all times equally long.
    if (time <= this.#resumeAfter) return;
    this.#last = time;
    const line = stamped.slice(space + 1);
    this.#heapFull ||= heapIsFull.test(line);
    this.#output(line, 'stdout');
  }
}
