import { type Server, status } from '@grpc/grpc-js';
import type { Clock } from '../../core/clock.js';
import { codePath } from '../grpc/grpc-options.js';
import { rawStream } from '../grpc/raw-stream.js';
import { endWith } from '../grpc/grpc-pipe.js';
import { isCompressed, type ServerStream } from '../grpc/stream-internals.js';
import { ProtoReader, Violation } from '../protocol/protobuf.js';
import type { ServedCode } from '../session/link.js';
import { AttachRejected, type CodeOffer } from './pending-attachments.js';

export interface CodeServiceOptions {
  readonly clock: Clock;
  /** Called with the stream over which a machine has authenticated. */
  readonly onAuthenticated: (stream: ServerStream) => void;
}

/** Finds the code of a runner that is expected. @throws {AttachRejected} when the token is wrong. */
export interface CodeAdmission {
  codeFor(runner: string, token: string): CodeOffer | undefined;
}

interface FetchRequest {
  readonly runner: string;
  readonly token: string;
  readonly part: number;
  readonly offset: number;
}

/** Time for a new stream to send its request, in milliseconds. */
const requestTimeout = 10_000;

/** The most fetches of one boot: its loader, its archive, and the rest of the archive after each cut. */
const mostFetches = 100;

const pieceBytes = 256 * 1024;

const archivePart = 1;

/** Serves `flame.v1.Code/Fetch`. A machine proves with its runner's name and token that it may fetch. */
export class CodeService {
  readonly #admission: CodeAdmission;
  readonly #options: CodeServiceOptions;

  constructor(admission: CodeAdmission, options: CodeServiceOptions) {
    this.#admission = admission;
    this.#options = options;
  }

  addTo(server: Server): void {
    server.addService({ Fetch: rawStream(codePath, 'fetch') }, { Fetch: (stream: ServerStream) => this.#fetch(stream) });
  }

  #fetch(stream: ServerStream): void {
    if (isCompressed(stream)) return endWith(stream, status.UNIMPLEMENTED, 'requests are not compressed');
    const gone = new AbortController();
    const stopTimer = this.#options.clock.after(requestTimeout, () => {
      endWith(stream, status.DEADLINE_EXCEEDED, `no request within ${requestTimeout} ms`);
    });
    let asked = false;
    stream.on('data', (message: Buffer) => {
      if (asked) return;
      asked = true;
      stopTimer();
      this.#answer(stream, message, gone.signal).catch((error: Error) => {
        if (!gone.signal.aborted) endWith(stream, statusOf(error), error.message);
      });
    });
    stream.on('end', () => {
      stopTimer();
      if (!asked) stream.end();
    });
    for (const event of ['cancelled', 'error']) {
      stream.on(event, () => {
        stopTimer();
        gone.abort();
      });
    }
  }

  async #answer(stream: ServerStream, message: Buffer, gone: AbortSignal): Promise<void> {
    const request = readRequest(message);
    const offer = this.#admission.codeFor(request.runner, request.token);
    this.#options.onAuthenticated(stream);
    if (!offer) throw new Refused(status.NOT_FOUND, `runner ${request.runner} has its code on its machine`);
    if (++offer.fetches > mostFetches)
      throw new Refused(status.RESOURCE_EXHAUSTED, `runner ${request.runner} has fetched its code ${mostFetches} times`);
    const { code, over } = offer;
    if (request.part === archivePart) await sendArchive(stream, code, request.offset, AbortSignal.any([gone, over]));
    else await send(stream, await code.loader(), gone);
    stream.end();
  }
}

async function sendArchive(stream: ServerStream, code: ServedCode, from: number, signal: AbortSignal): Promise<void> {
  if (from > code.bytes) throw new Refused(status.OUT_OF_RANGE, `the archive has ${code.bytes} bytes, and none from ${from} on`);
  for (let at = from; at < code.bytes;) {
    const piece = await code.read(at, Math.min(pieceBytes, code.bytes - at));
    if (piece.length === 0) throw new Error(`the archive ends after ${at} of ${code.bytes} bytes`);
    await send(stream, piece, signal);
    at += piece.length;
    code.onSent?.(at);
  }
}

/** Sends a piece. Resolves when the connection can take another one. */
function send(stream: ServerStream, data: Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Refused(status.ABORTED, 'the boot of this runner is over'));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    stream.write(pieceOf(data), () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
  });
}

/** A `Piece`, as bytes. */
function pieceOf(data: Uint8Array): Buffer {
  const head: number[] = [0x0a];
  let length = data.length;
  for (; length >= 0x80; length = Math.floor(length / 0x80)) head.push((length % 0x80) | 0x80);
  return Buffer.concat([Buffer.from([...head, length]), data]);
}

/** @throws {Violation} when the bytes are no `FetchRequest`. */
function readRequest(message: Buffer): FetchRequest {
  const reader = new ProtoReader(message);
  let [runner, token, part, offset] = ['', '', 0, 0];
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 0x0a) runner = reader.string();
    else if (tag === 0x12) token = reader.string();
    else if (tag === 0x18) part = reader.varint();
    else if (tag === 0x20) offset = reader.varint();
    else reader.skip(tag);
  }
  return { runner, token, part, offset };
}

class Refused extends Error {
  constructor(
    readonly code: status,
    message: string,
  ) {
    super(message);
  }
}

function statusOf(error: Error): status {
  if (error instanceof Refused) return error.code;
  if (error instanceof AttachRejected) return status.UNAUTHENTICATED;
  return error instanceof Violation ? status.INVALID_ARGUMENT : status.INTERNAL;
}
