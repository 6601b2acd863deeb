import type { Frame } from '../../core/session/frame.js';
import type { Link, LinkReceiver } from '../../transport/session/link.js';
import { longestPosition } from './replication-clock.js';
import type { ReplicationClock } from './replication-clock.js';

/**
 * The link of a caller, at an instance of the primary region. For calls that ask for it, it reads the position of the log after the handler
 * has returned or thrown, and at the end of each stream, and sends it before that frame. Handlers know nothing of it.
 */
export class AnsweringLink implements Link {
  readonly #link: Link;
  readonly #clock: ReplicationClock | undefined;
  /** The calls that asked, each with its frames that wait for a position. */
  readonly #calls = new Map<number, Frame[]>();
  readonly #asked = new Set<Promise<void>>();

  constructor(link: Link, clock: ReplicationClock | undefined) {
    this.#link = link;
    this.#clock = clock;
  }

  get backlog(): number {
    return this.#link.backlog;
  }

  open(receiver: LinkReceiver): void {
    this.#link.open({
      frame: (frame) => {
        if (frame.type === 'call' && frame.position) this.#calls.set(frame.id, []);
        receiver.frame(frame);
      },
      closed: (end) => receiver.closed(end),
      suspended: () => receiver.suspended?.(),
      resumed: () => receiver.resumed?.(),
    });
  }

  send(frame: Frame): void {
    const waiting = 'id' in frame ? this.#calls.get(frame.id) : undefined;
    if (!waiting) return this.#link.send(frame);
    waiting.push(frame);
    if (waiting.length === 1) this.#sendOn((frame as Frame & { id: number }).id, waiting);
  }

  /** Resolves when no position is being read. Calls that are over for the executor may still wait for one. */
  async idle(): Promise<void> {
    while (this.#asked.size > 0) await Promise.all(this.#asked);
  }

  async close(reason: string): Promise<void> {
    await this.idle();
    await this.#link.close(reason);
  }

  drop(reason: string): void {
    this.#link.drop(reason);
  }

  /** Sends the frames of a call in their order, up to one that needs a position. */
  #sendOn(id: number, waiting: Frame[]): void {
    for (let next = waiting[0]; next; waiting.shift(), next = waiting[0]) {
      if (needsPosition(next)) {
        const asked = this.#position(id, next).then(() => {
          this.#asked.delete(asked);
          waiting.shift();
          this.#sendOn(id, waiting);
        });
        this.#asked.add(asked);
        return;
      }
      this.#last(id, next);
    }
  }

  async #position(id: number, before: Frame): Promise<void> {
    let known = true;
    let text: string;
    try {
      if (!this.#clock) throw new Error('the FlameRpcModule there has no replicationClock');
      text = await this.#clock.position();
      if (typeof text !== 'string' || text === '' || text.length > longestPosition)
        throw new Error(`its replicationClock gave a position that is not a text of 1 to ${longestPosition} characters`);
    } catch (error) {
      known = false;
      text = error instanceof Error ? error.message : String(error);
    }
    this.#link.send({ type: 'position', id, known, text });
    this.#last(id, before);
  }

  #last(id: number, frame: Frame): void {
    this.#link.send(frame);
    if (endsCall(frame)) this.#calls.delete(id);
  }
}

function needsPosition(frame: Frame): boolean {
  return (frame.type === 'return' && !frame.held) || frame.type === 'throw' || frame.type === 'end';
}

/** Whether a frame is the last one of its call. */
export function endsCall(frame: Frame): boolean {
  return frame.type === 'ended' || ((frame.type === 'return' || frame.type === 'throw' || frame.type === 'refuse') && !frame.held);
}
