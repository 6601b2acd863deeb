import {
  type MethodDefinition,
  type sendUnaryData,
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import { ProtoReader, ProtoWriter } from '../protocol/protobuf.js';

/** `HealthCheckResponse.ServingStatus`. */
const serving = 1;
const notServing = 2;
const serviceUnknown = 3;

/** The most services that `List` names. */
const mostListed = 100;

const serviceTag = (1 << 3) | 2;
const statusTag = 1 << 3;
const entryTag = (1 << 3) | 2;
const keyTag = (1 << 3) | 2;
const valueTag = (2 << 3) | 2;

/** gRPC takes a request that is no object for none. */
interface HealthRequest {
  readonly service: string;
}

type Watch = ServerWritableStream<HealthRequest, number>;

/**
 * `grpc.health.v1.Health` as in `proto/grpc/health/v1/health.proto`. Its few messages are read and written here: a library for them would
 * load a parser of .proto files, for which the first call of an app would wait 30 to 50 ms.
 */
export class HealthService {
  readonly #states: ReadonlyMap<string, boolean>;
  readonly #watches = new Set<Watch>();

  /** `states` says of each service whether it serves. */
  constructor(states: ReadonlyMap<string, boolean>) {
    this.#states = states;
  }

  addTo(server: Server): void {
    server.addService(
      {
        Check: method('Check', readService, writeStatus),
        Watch: method('Watch', readService, writeStatus, true),
        List: method('List', () => ({}), writeList),
      },
      {
        Check: ({ request }: ServerUnaryCall<HealthRequest, number>, answer: sendUnaryData<number>) => {
          const state = this.#statusOf(request.service);
          if (state !== serviceUnknown) answer(null, state);
          else answer({ code: status.NOT_FOUND, details: `Health status unknown for service ${request.service}` });
        },
        Watch: (watch: Watch) => {
          this.#watches.add(watch);
          watch.once('cancelled', () => this.#watches.delete(watch));
          watch.write(this.#statusOf(watch.request.service));
        },
        List: (_: unknown, answer: sendUnaryData<ReadonlyMap<string, boolean>>) => {
          if (this.#states.size <= mostListed) answer(null, this.#states);
          else answer({ code: status.RESOURCE_EXHAUSTED, details: `there are more than ${mostListed} services` });
        },
      },
    );
  }

  /** Tells those who watch a service that its status has changed. */
  changed(service: string): void {
    for (const watch of this.#watches) if (watch.request.service === service) watch.write(this.#statusOf(service));
  }

  #statusOf(service: string): number {
    const state = this.#states.get(service);
    return state === undefined ? serviceUnknown : numberOf(state);
  }
}

function numberOf(state: boolean): number {
  return state ? serving : notServing;
}

function method<Request, Response>(
  name: string,
  requestDeserialize: (bytes: Buffer) => Request,
  responseSerialize: (response: Response) => Buffer,
  responseStream = false,
): MethodDefinition<Request, Response> {
  const ofClients = (): never => {
    throw new Error('health checks are answered here, and not asked for');
  };
  return {
    path: `/grpc.health.v1.Health/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: ofClients,
    requestDeserialize,
    responseSerialize,
    responseDeserialize: ofClients,
  };
}

function readService(bytes: Buffer): HealthRequest {
  const reader = new ProtoReader(bytes);
  let service = '';
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === serviceTag) service = reader.string();
    else reader.skip(tag);
  }
  return { service };
}

function writeStatus(state: number): Buffer {
  const writer = new ProtoWriter(20);
  writer.uint(statusTag, state);
  return writer.bytes.subarray(0, writer.at);
}

function writeList(states: ReadonlyMap<string, boolean>): Buffer {
  const writer = new ProtoWriter(64 * states.size);
  for (const [service, state] of states) {
    const entry = new ProtoWriter(64);
    entry.string(keyTag, service);
    entry.blob(valueTag, writeStatus(numberOf(state)));
    writer.blob(entryTag, entry.bytes.subarray(0, entry.at));
  }
  return writer.bytes.subarray(0, writer.at);
}
