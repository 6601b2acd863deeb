import type { Destination, OpenPipe } from '../grpc/client-pipe.js';
import { readWelcome, type Welcome } from '../protocol/introduction.js';
import { ackPacket } from '../protocol/packet-bytes.js';
import type { SessionLink } from '../session/session-link.js';
import { joinShared } from '../session/shared-memory.js';

/**
 * One connection to a parent or an instance: says hello, and gives the connection to the link when it is welcome, after which the link
 * hears of its end. Rejects with gRPC's error when it does not come to that, or `signal` aborts meanwhile.
 */
export function introduce(
  openPipe: OpenPipe,
  destination: Destination,
  hello: Buffer,
  link: SessionLink,
  signal: AbortSignal,
): Promise<Welcome> {
  return new Promise((resolve, reject) => {
    let welcome: Welcome | undefined;
    const pipe = openPipe(destination, {
      packet: (packet) => {
        if (welcome !== undefined) return link.packet(pipe, packet);
        try {
          welcome = readWelcome(packet);
        } catch (error) {
          reject(error as Error);
          return pipe.destroy('it sent no welcome');
        }
        signal.removeEventListener('abort', stop);
        resolve(welcome);
        // So that the parent knows that it need not be let in again.
        pipe.write(ackPacket(link.received), () => {});
        // At once: what follows the welcome may be here already.
        const shared = welcome.shared && joinShared(welcome.shared);
        if (shared) link.share(shared, 'runner');
        link.connect(pipe, welcome.received);
      },
      gone: (error) => {
        signal.removeEventListener('abort', stop);
        if (welcome !== undefined) link.broke(pipe, error?.details ?? 'it ended the stream');
        else reject(error ?? new Error('it ended the stream without a welcome'));
      },
    });
    const stop = (): void => pipe.destroy('it is given up');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    pipe.write(hello, () => {});
  });
}
