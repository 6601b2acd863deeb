import { MalformedError } from '../../core/codec/codec.js';
import type { Codec } from '../../core/codec/codec.js';
import type { Frame } from '../../core/session/frame.js';
import type { Link, LinkReceiver } from '../../transport/session/link.js';
import { endsCall } from './answering-link.js';
import type { CallPositions, ToldPosition } from './call-positions.js';
import { longestPosition } from './replication-clock.js';

interface Asking {
  readonly positions: CallPositions;
  /** The position that came last. */
  told: ToldPosition | undefined;
  /** Frames that came after the end of a stream, which waits for the replica. */
  readonly held: Frame[];
}

/**
 * The link to an instance, at the caller. It asks for the position of the log with calls that have `CallPositions`, and takes the positions
 * out of the frames. The end of a stream is delivered when the replica has its position.
 */
export class AskingLink implements Link {
  readonly #link: Link;
  readonly #codec: Codec;
  readonly #calls = new Map<number, Asking>();
  #receiver!: LinkReceiver;

  constructor(link: Link, codec: Codec) {
    this.#link = link;
    this.#codec = codec;
  }

  get backlog(): number {
    return this.#link.backlog;
  }

  /** Asks for the positions of a call that is sent next. */
  ask(id: number, positions: CallPositions): void {
    this.#calls.set(id, { positions, told: undefined, held: [] });
  }

  send(frame: Frame): void {
    this.#link.send(frame.type === 'call' && this.#calls.has(frame.id) ? { ...frame, position: true } : frame);
  }

  open(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    this.#link.open({
      frame: (frame) => this.#frame(frame),
      closed: (end) => {
        this.#calls.clear();
        receiver.closed(end);
      },
      suspended: () => receiver.suspended?.(),
      resumed: () => receiver.resumed?.(),
    });
  }

  close(reason: string): Promise<void> {
    return this.#link.close(reason);
  }

  drop(reason: string): void {
    this.#link.drop(reason);
  }

  #frame(frame: Frame): void {
    const call = 'id' in frame ? this.#calls.get(frame.id) : undefined;
    if (!call) {
      if (frame.type === 'position') throw new MalformedError(`position of call ${frame.id}, which did not ask for it`);
      return this.#receiver.frame(frame);
    }
    call.held.push(frame);
    if (call.held.length === 1) this.#deliver((frame as Frame & { id: number }).id, call);
  }

  /** Delivers the frames of a call in their order, up to the end of a stream, which waits for the replica. */
  #deliver(id: number, call: Asking): void {
    for (let next = call.held[0]; next; call.held.shift(), next = call.held[0]) {
      if (next.type === 'position') {
        call.told = read(next);
        continue;
      }
      const { told } = call;
      call.told = undefined;
      if (next.type === 'end' && told) return void this.#end(next, call, told);
      if (told) call.positions.told(told);
      if (endsCall(next)) this.#calls.delete(id);
      this.#receiver.frame(next);
    }
  }

  async #end(frame: Frame & { type: 'end' }, call: Asking, told: ToldPosition): Promise<void> {
    const error = await call.positions.atStreamEnd(told);
    // The session may have ended meanwhile.
    if (this.#calls.get(frame.id) !== call) return;
    try {
      // An error of the handler's counts for more.
      this.#receiver.frame(error === undefined || frame.error ? frame : { ...frame, error: this.#codec.encodeThrown(error) });
      call.held.shift();
      this.#deliver(frame.id, call);
    } catch (malformed) {
      this.#link.drop((malformed as Error).message);
    }
  }
}

function read({ known, text }: Frame & { type: 'position' }): ToldPosition {
  if (!known) return { unknown: text };
  if (text === '' || text.length > longestPosition) throw new MalformedError(`position of ${text.length} characters`);
  return { position: text };
}
