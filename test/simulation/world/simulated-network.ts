import { EventEmitter } from 'node:events';
import type { ServiceError } from '@grpc/grpc-js';
import type { PipeListener } from '../../../libs/flame/src/transport/grpc/client-pipe.js';
import type { Pipe } from '../../../libs/flame/src/transport/session/pipe.js';
import type { ServerStream } from '../../../libs/flame/src/transport/grpc/server-pipe.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import { diceFor } from './chance.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { Timeline } from './timeline.js';

/** gRPC's codes, as far as they occur. */
const code = { cancelled: 1, unavailable: 14 } as const;

/** Whom something is on its way to. */
type Direction = 'parent' | 'runner';

/** What lies between runners and their parent: connections with delays, on which everything comes in order or not at all. */
export class SimulatedNetwork {
  /** The parent's end, where streams come in; undefined while it does not listen. */
  attach: ((stream: ServerStream) => void) | undefined;
  readonly connections = new Set<SimulatedConnection>();
  /** Until when nothing passes, by direction. */
  readonly #partitions = { parent: new Map<SimulatedProcess, number>(), runner: new Map<SimulatedProcess, number>() };
  #made = 0;

  constructor(
    readonly timeline: Timeline,
    readonly seed: number,
    readonly parent: SimulatedProcess,
    /** The longest that an end does not hear of a broken connection. */
    readonly deafness: number,
  ) {}

  connect(runner: SimulatedProcess, listener: PipeListener): Pipe {
    const connection = new SimulatedConnection(this, runner, listener, diceFor(this.seed, `connection ${++this.#made}`));
    this.connections.add(connection);
    connection.open();
    return connection.near;
  }

  /** Nothing passes between a runner and the parent for a while, or in one direction only. What is sent meanwhile comes afterwards, unless the connection is given up before. */
  part(runner: SimulatedProcess, duration: number, towards: 'both' | Direction): void {
    const until = this.timeline.now + duration;
    if (towards !== 'runner') this.#partitions.parent.set(runner, until);
    if (towards !== 'parent') this.#partitions.runner.set(runner, until);
  }

  /** Until when nothing passes. */
  partedUntil(runner: SimulatedProcess, to: Direction): number {
    return this.#partitions[to].get(runner) ?? 0;
  }

  of(runner: SimulatedProcess): SimulatedConnection[] {
    return [...this.connections].filter((connection) => connection.runner === runner);
  }
}

/** One gRPC stream over a connection of its own. */
export class SimulatedConnection {
  readonly near: Pipe;
  readonly #stream: FakeServerStream;
  #severed = false;
  #nearOver = false;
  #farOver = false;
  /** What is under way in each direction, and when the last of it arrives. */
  readonly #under = { parent: new Way(), runner: new Way() };
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
        // A polite end takes a second, then the connection is dropped.
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

  /** The connection is broken: what is under way is lost, and each end learns of it some time later. */
  sever(): void {
    if (this.#severed) return;
    this.#severed = true;
    const later = (): number => (this.dice.chance(0.5) ? this.dice.below(50) : this.dice.below(this.network.deafness));
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
    const way = this.#under[to];
    const process = to === 'parent' ? parent : this.runner;
    way.queue.push(arrive);
    const comeAt = (at: number): void => {
      const parted = this.network.partedUntil(this.runner, to);
      // What was held up on several connections comes in any order.
      way.upTo = Math.max(way.upTo, at, parted > timeline.now ? parted + this.dice.below(50) : 0);
      process.at(way.upTo, () => {
        if (this.#severed || (to === 'parent' ? this.#farOver : this.#nearOver)) return;
        const until = this.network.partedUntil(this.runner, to);
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

  /** The system closes the sockets of a process that is gone; the other end hears of it, or not before it tries to write. */
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
    // As gRPC does, not within the call that brought it about.
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
class Way {
  readonly queue: (() => void)[] = [];
  upTo = 0;
}

/** What grpc-js hands to a handler of a bidirectional stream, as far as it is used. */
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
