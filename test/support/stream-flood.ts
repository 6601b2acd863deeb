import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import { connectTo, flag, preface, type Target, type } from './raw-http2.js';

/** Opens a number of streams over its own connections, as fast as they are answered. */
export interface StreamFlood {
  /** The targets, used in turn. */
  readonly targets: readonly Target[];
  /** The frames that open stream number `id`. */
  readonly stream: (id: number) => Buffer;
  /** The total number of streams. */
  readonly count: number;
  readonly connections: number;
  /** Maximum number of unanswered streams of a connection. `Infinity` waits for no answers. @default 90 */
  readonly unanswered?: number | undefined;
  /** The frames that a connection sends first, in stream 1. */
  readonly hello?: Buffer | undefined;
  /** Ends the flood when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** The result of a flood. */
export interface Flooded {
  /** Streams whose opening frames were sent. */
  readonly sent: number;
  /** Streams that the other side answered or reset. */
  readonly answered: number;
  readonly connections: number;
}

/** The number of streams in one write. */
const batch = 30;

/** Opens all streams. Dropped connections are opened again. */
export async function flood({ targets, stream, count, connections, unanswered = 90, hello, signal }: StreamFlood): Promise<Flooded> {
  const sum = { sent: 0, answered: 0, connections: 0 };
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      const target = targets[sum.connections++ % targets.length]!;
      const socket = connectTo(target);
      const giveUp = (): void => void socket.destroy();
      signal?.addEventListener('abort', giveUp, { once: true });
      let [id, open] = [1, 0];
      const more = (): void => {
        while (sum.sent < count && open + batch <= unanswered && socket.writable && !socket.writableNeedDrain) {
          const size = Math.min(batch, count - sum.sent);
          const pieces = Array.from({ length: size }, () => stream((id += 2)));
          sum.sent += size;
          open += size;
          socket.write(Buffer.concat(pieces));
        }
        if (sum.sent >= count && (open === 0 || unanswered === Infinity)) socket.destroySoon();
      };
      whenAnswered(socket, (answers) => {
        // Except the end of stream 1, over which it has sent its hello.
        open -= Math.min(open, answers);
        sum.answered += answers;
        more();
      });
      socket.once(target.plain || target.address.startsWith('unix:') ? 'connect' : 'secureConnect', () => {
        socket.write(hello ? Buffer.concat([preface, hello]) : preface);
        more();
      });
      socket.on('drain', more);
      socket.once('close', () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      });
    });
  const again = async (): Promise<void> => {
    while (sum.sent < count && !signal?.aborted) await one();
  };
  if (signal) setMaxListeners(connections + 1, signal);
  await Promise.all(Array.from({ length: connections }, again));
  return sum;
}

/** Counts the streams that the other side ended in the received bytes. */
function whenAnswered(socket: Socket, tell: (count: number) => void): void {
  const head = Buffer.alloc(9);
  let [have, skip] = [0, 0];
  socket.on('data', (bytes: Buffer) => {
    let count = 0;
    for (let at = 0; at < bytes.length;) {
      if (skip > 0) {
        const step = Math.min(skip, bytes.length - at);
        skip -= step;
        at += step;
        continue;
      }
      head[have++] = bytes[at++]!;
      if (have < head.length) continue;
      have = 0;
      skip = head.readUIntBE(0, 3);
      if (head[3] === type.reset || (head[3] === type.headers && (head[4]! & flag.endStream) !== 0)) count++;
    }
    if (count > 0) tell(count);
  });
}
