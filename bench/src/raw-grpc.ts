import { fork } from 'node:child_process';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import type { ChannelOptions, ServiceDefinition } from '@grpc/grpc-js';
import { idleApp } from './app/idle-app.js';

/** The same settings as the library's connection. */
export const rawOptions: ChannelOptions = {
  'grpc-node.flow_control_window': 8 * 1024 * 1024,
  'grpc.enable_channelz': 0,
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
};

/** Passes bytes without protobuf. */
export const asIs = (bytes: Buffer): Buffer => bytes;

const raw = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs };
export const rawService = {
  batched: { path: '/bench.Raw/Batched', requestStream: true, responseStream: true, ...raw },
  unary: { path: '/bench.Raw/Unary', requestStream: false, responseStream: false, ...raw },
} satisfies ServiceDefinition;

/** The client of a raw server in another process. */
export interface RawPeer {
  readonly client: Client;
  readonly answeringCpu: () => Promise<number>;
  readonly ageAnswering: () => Promise<void>;
}

/**
 * Starts a raw server on a Unix socket in `folder` and connects to it. With a `column`, both processes also run the bench's app for that column. The server
 * ends with this process.
 */
export async function rawPeer(folder: string, column = ''): Promise<RawPeer> {
  const address = `unix:${join(folder, `${basename(process.argv[1]!, '.js')}${column}.sock`)}`;
  const server = fork(join(import.meta.dirname, 'raw-server.js'), [address, column]);
  server.once('exit', (code) => process.exit(code ?? 1));
  await Promise.all([once(server, 'message'), column && idleApp()]);
  const client = new Client(address, credentials.createInsecure(), { ...rawOptions, 'grpc.enable_http_proxy': 0 });
  const ask = async (what: 'cpu' | 'age'): Promise<number> => {
    server.send(what);
    const [time] = (await once(server, 'message')) as [number];
    return time;
  };
  return {
    client,
    answeringCpu: () => ask('cpu'),
    ageAnswering: async () => {
      await ask('age');
    },
  };
}
