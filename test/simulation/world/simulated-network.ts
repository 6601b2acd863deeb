import { EventEmitter } from 'node:events';
import type { ServiceError } from '@grpc/grpc-js';
import type { PipeListener } from '../../../libs/flame/src/transport/grpc/grpc-pipe.js';
import type { Pipe } from '../../../libs/flame/src/transport/session/pipe.js';
import type { ServerStream } from '../../../libs/flame/src/transport/grpc/stream-internals.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import { diceFor } from './chance.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { Timeline } from './timeline.js';

/** The gRPC status codes that occur. */
const code = { cancelled: 1, unavailable: 14 } as const;

/** The receiver of a packet. */
type Direction = 'parent' | 'runner';

/** The network between runners and their parent: connections with delays. On each, packets arrive in order or not at all. */
export class SimulatedNetwork {
  /** Accepts streams at the parent; undefined while the parent does not listen. */
  attach: ((stream: ServerStream) => void) | undefined;
  readonly connections = new Set<SimulatedConnection>();
  /** The ends of partitions, by direction. */
  readonly #partitions = { parent: new Map<SimulatedProcess, number>(), runner: new Map<SimulatedProcess, number>() };
  #made = 0;

  constructor(
    readonly timeline: Timeline,
    readonly seed: number,
    readonly parent: SimulatedProcess,
    /** The longest time until an end notices a broken connection. */
    readonly detectionTime: number,
  ) {}

  connect(runner: SimulatedProcess, listener: PipeListener): Pipe {
    const connection = new SimulatedConnection(this, runner, listener, diceFor(this.seed, `connection ${++this.#made}`));
    this.connections.add(connection);
    connection.open();
    return connection.near;
  }

  /**
   * Delivers nothing between a runner and the parent for a while, in one direction or both. Packets that are sent meanwhile arrive afterwards,
   * unless the connection is given up before.
   */
  partition(runner: SimulatedProcess, duration: number, towards: 'both' | Direction): void {
    const until = this.timeline.now + duration;
    if (towards !== 'runner') this.#partitions.parent.set(runner, until);
    if (towards !== 'parent') this.#partitions.runner.set(runner, until);
  }

  /** The end of the current partition in that direction. */
  partitionedUntil(runner: SimulatedProcess, to: Direction): number {
    return this.#partitions[to].get(runner) ?? 0;
  }

  of(runner: SimulatedProcess): SimulatedConnection[] {
    return [...this.connections].filter((connection) => connection.runner === runner);
  }
}

/** One gRPC stream over its own connection. */
export class SimulatedConnection {
  readonly near: Pipe;
  readonly #stream: FakeServerStream;
  #severed = false;
  #nearOver = false;
  #farOver = false;
  /** The packets in flight in each direction, and the arrival of the last one. */
  readonly #inFlight = { parent: new Channel(), runner: new Channel() };
  #halfClosed = false;

  constructor(
    readonly network: SimulatedNetwork,
    readonly runner: SimulatedProcess,
    readonly listener: PipeListener,
    readonly dice: SeededRandom,
  ) {
    this.near = {
      write: (packet, written) => {
        if (this.#halfClosed || this.#nearOver || this.runner.dead) return;
        this.#send('parent', () => this.#stream.emit('data', Buffer.from(packet)));
        this.#written(this.runner, written);
      },
      end: () => {
        if (this.#halfClosed || this.#nearOver) return;
        this.#halfClosed = true;
        this.#send('parent', () => this.#stream.emit('end'));
        // A graceful end takes at most a second, then the connection is dropped.
        this.runner.in(1_000, () => this.#cancel());
      },
      destroy: () => this.#cancel(),
    };
    this.#stream = new FakeServerStream(this);
    runner.onDeath(() => this.#died('parent'));
    network.parent.onDeath(() => this.#died('runner'));
  }

  open(): void {
    const { network, runner } = this;
    if (network.parent.dead)
      return void runner.in(this.dice.below(50), () => this.#gone({ code: code.unavailable, details: 'connection refused' }));
    this.#send('parent', () => {
      if (network.attach === undefined) this.status(code.unavailable, 'connection refused');
      else network.attach(this.#stream as unknown as ServerStream);
    });
    // A connection that cannot be made fails in the end.
    runner.in(3_000, () => {
      if (this.#stream.listenerCount('data') === 0) this.#cancel({ code: code.unavailable, details: 'connecting timed out' });
    });
  }

  /** Breaks the connection: packets in flight are lost, and each end notices it some time later. */
  sever(): void {
    if (this.#severed) return;
    this.#severed = true;
    const later = (): number => (this.dice.chance(0.5) ? this.dice.below(50) : this.dice.below(this.network.detectionTime));
    this.runner.in(later(), () => this.#gone({ code: code.unavailable, details: 'the connection was dropped' }));
    this.network.parent.in(later(), () => this.#farGone());
  }

  /** The parent ends the stream with a status. */
  status(status: number, details: string): void {
    if (this.network.parent.dead) return;
    this.#send('runner', () => this.#gone(status === 0 ? undefined : { code: status, details }));
    this.#farOver = true;
    this.#close();
  }

  toRunner(packet: Buffer, written: () => void): void {
    if (this.network.parent.dead) return;
    const bytes = Buffer.from(packet);
    this.#send('runner', () => {
      if (!this.#nearOver) this.listener.packet(bytes);
    });
    this.#written(this.network.parent, written);
  }

  #written(where: SimulatedProcess, written: () => void): void {
    where.in(this.dice.below(3), () => {
      if (!this.#severed || this.dice.chance(0.5)) written();
    });
  }

  #send(to: Direction, arrive: () => void): void {
    if (this.#severed) return;
    const { timeline, parent } = this.network;
    const way = this.#inFlight[to];
    const process = to === 'parent' ? parent : this.runner;
    way.queue.push(arrive);
    const comeAt = (at: number): void => {
      const parted = this.network.partitionedUntil(this.runner, to);
      // What was held up on several connections comes in any order.
      way.upTo = Math.max(way.upTo, at, parted > timeline.now ? parted + this.dice.below(50) : 0);
      process.at(way.upTo, () => {
        if (this.#severed || (to === 'parent' ? this.#farOver : this.#nearOver)) return;
        const until = this.network.partitionedUntil(this.runner, to);
        // The oldest comes first, whatever was held up.
        if (until > timeline.now) comeAt(until);
        else way.queue.shift()!();
      });
    };
    comeAt(timeline.now + (this.dice.chance(0.9) ? this.dice.below(20) : this.dice.below(400)));
  }

  #cancel(error = { code: code.cancelled as number, details: 'Cancelled on client' }): void {
    if (this.#nearOver) return;
    this.#send('parent', () => this.#farGone());
    this.#gone(error);
  }

  /** The system closes the sockets of a dead process. The other end notices at once, or only when it tries to write. */
  #died(other: 'parent' | 'runner'): void {
    this.#close();
    if (this.#severed) return;
    if (this.dice.chance(0.2)) return this.sever();
    if (other === 'parent') this.#send('parent', () => this.#farGone());
    else this.#send('runner', () => this.#gone({ code: code.unavailable, details: 'Connection dropped' }));
  }

  #gone(error: Partial<ServiceError> | undefined): void {
    if (this.#nearOver) return;
    this.#nearOver = true;
    this.#close();
    // Asynchronously, as in gRPC.
    this.runner.in(0, () => this.listener.gone(error as ServiceError | undefined));
  }

  #farGone(): void {
    if (this.#farOver) return;
    this.#farOver = true;
    this.#close();
    this.#stream.emit('cancelled');
  }

  #close(): void {
    if ((this.#nearOver || this.runner.dead) && (this.#farOver || this.network.parent.dead)) this.network.connections.delete(this);
  }
}

/** One direction of a connection. */
class Channel {
  readonly queue: (() => void)[] = [];
  upTo = 0;
}

/** The used part of the stream that grpc-js passes to a handler of bidirectional streams. */
class FakeServerStream extends EventEmitter {
  readonly #connection: SimulatedConnection;
  #ended = false;

  constructor(connection: SimulatedConnection) {
    super();
    this.#connection = connection;
  }

  write(packet: Buffer, written: () => void): void {
    if (!this.#ended) this.#connection.toRunner(packet, written);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#connection.status(0, '');
  }

  override emit(event: string, ...args: unknown[]): boolean {
    // gRPC's way of answering with a status.
    if (event !== 'error') return super.emit(event, ...args);
    if (this.#ended) return true;
    this.#ended = true;
    const { code: status, details } = args[0] as { code: number; details: string };
    this.#connection.status(status, details);
    return true;
  }
}
