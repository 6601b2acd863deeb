import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** HTTP/2 frame types (RFC 9113, section 6) that attacks use. */
export const type = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;
export const flag = { endStream: 1, ack: 1, endHeaders: 4 } as const;

/** The connection preface of an HTTP/2 client, with empty settings. */
export const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(type.settings, 0, 0)]);

/** An HTTP/2 frame. `length` can claim another length than that of its payload. */
export function frame(kind: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0), length = payload.length): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head[3] = kind;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Header fields that are neither indexed nor compressed (RFC 7541, section 6.2.2). */
export function fields(list: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(Object.entries(list).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/** Begins a gRPC call. */
export function call(stream: number, path: string, flags: number = flag.endHeaders, more: Readonly<Record<string, string>> = {}): Buffer {
  const list = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'here',
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  return frame(type.headers, flags, stream, fields({ ...list, ...more }));
}

/** A gRPC message as a data frame. */
export function message(stream: number, bytes: Uint8Array, compressed = false): Buffer {
  const head = Buffer.from([compressed ? 1 : 0, 0, 0, 0, 0]);
  head.writeUInt32BE(bytes.length, 1);
  return frame(type.data, 0, stream, Buffer.concat([head, bytes]));
}

/** The target of an attack: `unix:/path`, or `host:port`, over TLS by default. */
export interface Target {
  readonly address: string;
  readonly plain?: boolean | undefined;
  /** The local address of the connection. */
  readonly from?: string | undefined;
}

/** Opens a connection over which the caller sends arbitrary bytes. Received bytes are discarded. */
export function connectTo({ address, plain, from }: Target): Socket {
  const [, host, port] = /^(.*):(\d+)$/.exec(address) ?? [];
  const where = address.startsWith('unix:') ? { path: address.slice('unix:'.length) } : { host, port: Number(port), localAddress: from };
  const socket =
    plain || address.startsWith('unix:') ? connectPlain(where) : connectTls({ ...where, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  socket.on('error', () => {});
  socket.resume();
  return socket;
}

/** Resolves when the connection has ended, with or without an error. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** A string literal without Huffman coding (RFC 7541, section 5.2). */
function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return bytes.length < 127
    ? Buffer.concat([Buffer.from([bytes.length]), bytes])
    : Buffer.concat([Buffer.from([127]), rest(bytes.length - 127), bytes]);
}

/** The rest of an integer that did not fit into its prefix (RFC 7541, section 5.1). */
function rest(value: number): Buffer {
  const out: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return Buffer.from([...out, value]);
}
