import type { PoolEventDetails } from './pool-event.js';

/** The interval between the log lines of a transfer, in milliseconds. */
const progressEvery = 5_000;

interface Shipment {
  readonly begun: number;
  toldAt: number;
}

/** Tells how the app's code gets to machines: an event for each piece, a log line every five seconds, and one when all has been sent. */
export class Shipments {
  readonly #say: (text: string) => void;
  readonly #emit: (details: PoolEventDetails) => void;
  readonly #running = new Map<string, Shipment>();

  constructor(say: (text: string) => void, emit: (details: PoolEventDetails) => void) {
    this.#say = say;
    this.#emit = emit;
  }

  progress(runner: string, sent: number, total: number, now: number): void {
    let shipment = this.#running.get(runner);
    if (!shipment) this.#running.set(runner, (shipment = { begun: now, toldAt: now }));
    const took = now - shipment.begun;
    this.#emit({ type: 'shipping', runner, sent, total, took });
    const of = `the app's code to runner ${runner}`;
    if (sent === total) this.#say(`sent ${of}: ${megabytes(total)} in ${(took / 1_000).toFixed(1)} s`);
    else if (now - shipment.toldAt >= progressEvery) {
      shipment.toldAt = now;
      this.#say(`sending ${of}: ${megabytes(sent)} of ${megabytes(total)}`);
    }
  }

  /** The boot of the runner has ended. */
  end(runner: string): void {
    this.#running.delete(runner);
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
