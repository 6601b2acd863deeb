import { X509Certificate } from 'node:crypto';
import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { setTimeout as pause } from 'node:timers/promises';
import { checkServerIdentity } from 'node:tls';
import type { CodeInfo, ParentInfo } from '../../../core/parent-info.js';
import { LoaderError } from './loader-error.js';

/** What the loader knows about its parent. In JSON, null stands for Infinity. */
export type Parent = Pick<ParentInfo, 'runner' | 'token' | 'address' | 'certificate'> & {
  readonly code: CodeInfo;
  readonly bootTimeout: number | null;
};

/** Bytes that may be in transit before this end acknowledges some. With HTTP/2's 64 KiB, distant machines wait for each round trip. */
const window = 8 * 1024 * 1024;
/** A connection without any data for this time is given up, and another one is opened. */
const silence = 20_000;
const pauseBeforeRetry = 250;
/** The largest message that the parent sends. */
const largestMessage = 1024 * 1024;
/** Statuses of gRPC after which another attempt is of no use. */
const final = new Set(['3', '5', '7', '8', '10', '11', '12', '16']);

/**
 * Fetches the archive. After a cut it connects again and fetches the rest. It gives up when nothing has come for the pool's `bootTimeout`.
 *
 * @throws {LoaderError} when it gives up, or when the parent refuses.
 */
export async function* fetchArchive(parent: Parent, first?: ClientHttp2Session): AsyncGenerator<Buffer> {
  const { bytes } = parent.code;
  const silenceTimeout = parent.bootTimeout ?? Infinity;
  let received = 0;
  let heard = performance.now();
  for (let session = first; ; session = undefined) {
    let reason = 'the connection ended';
    try {
      for await (const piece of fetchOnce(parent, session ?? connectTo(parent), received)) {
        received += piece.length;
        heard = performance.now();
        if (received > bytes)
          throw new LoaderError(
            `the archive of the app's code is refused: it has more bytes than the ${bytes} that the parent announced`,
            true,
          );
        yield piece;
      }
      if (received === bytes) return;
    } catch (error) {
      if (error instanceof LoaderError) throw error;
      reason = (error as Error).message;
    }
    if (performance.now() - heard >= silenceTimeout)
      throw new LoaderError(
        `fetching the app's code from ${parent.address} failed after ${received} of ${bytes} bytes, and no more came within bootTimeout (${silenceTimeout} ms): ${reason}`,
      );
    await pause(pauseBeforeRetry);
  }
}

/** Trusts only the parent's certificate, as runners do (`client-credentials.ts`). */
function connectTo({ address, certificate = '' }: Parent): ClientHttp2Session {
  const expected = new X509Certificate(certificate);
  return connect(`https://${address}`, {
    ca: certificate,
    ...(!expected.ca && { servername: 'nestjs-flame' }),
    checkServerIdentity: (host, peer) => (expected.raw.equals(peer.raw) ? undefined : checkServerIdentity(host, peer)),
  });
}

async function* fetchOnce(parent: Parent, session: ClientHttp2Session, offset: number): AsyncGenerator<Buffer> {
  let broken: Error | undefined;
  session.on('error', (error) => (broken ??= error));
  session.settings({ initialWindowSize: window });
  if (session.connecting) session.once('connect', () => session.setLocalWindowSize(window));
  else session.setLocalWindowSize(window);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/flame.v1.Code/Fetch',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.setTimeout(silence, () => stream.destroy(new Error(`nothing came for ${silence} ms`)));
    let status: IncomingHttpHeaders = {};
    for (const event of ['response', 'trailers']) stream.on(event, (headers: IncomingHttpHeaders) => (status = { ...status, ...headers }));
    stream.end(request(parent, offset));
    yield* messages(stream);
    if (status['grpc-status'] === '0') return;
    const message = decodeURIComponent(String(status['grpc-message'] ?? 'it ended the stream'));
    if (final.has(String(status['grpc-status']))) throw new LoaderError(`the parent at ${parent.address} sends no code: ${message}`);
    throw broken ?? new Error(message);
  } catch (error) {
    throw error instanceof LoaderError ? error : (broken ?? error);
  } finally {
    session.destroy();
  }
}

/** The data of the messages `Piece`. */
async function* messages(stream: ClientHttp2Stream): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let have = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    pieces.push(chunk);
    have += chunk.length;
    if (have < 5 || have < 5 + lengthOf(pieces)) continue;
    let rest = Buffer.concat(pieces);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      yield dataOf(rest.subarray(5, end));
      rest = rest.subarray(end);
    }
    pieces = rest.length > 0 ? [rest] : [];
    have = rest.length;
  }
}

function lengthOf(pieces: Buffer[]): number {
  if (pieces[0]!.length < 5) pieces.splice(0, pieces.length, Buffer.concat(pieces));
  const length = pieces[0]!.readUInt32BE(1);
  if (length > largestMessage) throw new LoaderError(`the parent sent a message of ${length} bytes`);
  return length;
}

/** Field 1 of the message; other fields are of later versions. */
function dataOf(message: Buffer): Buffer {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
  };
  if (message.length === 0) return message;
  if (varint() !== 0x0a) throw new LoaderError('the parent sent a message that this loader does not know');
  const length = varint();
  return message.subarray(at, at + length);
}

function request({ runner, token }: Parent, offset: number): Buffer {
  const text = (tag: number, value: string): Buffer => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([tag]), varintOf(bytes.length), bytes]);
  };
  const message = Buffer.concat([text(0x0a, runner), text(0x12, token), Buffer.from([0x18, 1, 0x20]), varintOf(offset)]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function varintOf(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
