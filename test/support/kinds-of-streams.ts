import { attachPath } from '../../libs/flame/src/transport/grpc/grpc-options.js';
import { helloPacket } from '../../libs/flame/src/transport/protocol/introduction.js';
import { call, flag, frame, message, type } from './raw-http2.js';

const nobody = { runner: 'nobody', manifest: { version: '', protocol: 1, handlers: [], digest: '' }, pid: 1, host: '', node: '' };
const guess = helloPacket({ runner: 'nobody', token: 'guessed', session: new Uint8Array(0), received: 0 }, nobody);

/** Ways in which an attacker opens streams. */
export const kindsOfStreams = {
  'say nothing': (id: number) => call(id, attachPath),
  'are reset': (id: number) => Buffer.concat([call(id, attachPath), frame(type.reset, 0, id, Buffer.alloc(4))]),
  'ask for what there is not': (id: number) => call(id, '/no.Such/Method', flag.endHeaders | flag.endStream),
  'bring a wrong token': (id: number) => Buffer.concat([call(id, attachPath), message(id, guess)]),
} satisfies Record<string, (id: number) => Buffer>;

export type KindOfStream = keyof typeof kindsOfStreams;
