import { describe, expect, it } from 'vitest';
import type { PoolEventDetails } from './pool-event.js';
import { Shipments } from './shipments.js';

describe('Shipments', () => {
  it('emits an event for each piece, and says every five seconds how far it is, and when all has been sent', () => {
    const lines: string[] = [];
    const events: PoolEventDetails[] = [];
    const shipments = new Shipments(
      (text) => lines.push(text),
      (details) => events.push(details),
    );
    for (const [n, now] of [1_000, 3_000, 6_000, 8_000, 11_500, 13_000].entries()) shipments.progress('r1', (n + 1) * 1e6, 6e6, now);
    expect(lines).toEqual([
      "sending the app's code to runner r1: 3.0 MB of 6.0 MB",
      "sending the app's code to runner r1: 5.0 MB of 6.0 MB",
      "sent the app's code to runner r1: 6.0 MB in 12.0 s",
    ]);
    expect(events).toHaveLength(6);
    expect(events.at(-1)).toEqual({ type: 'shipping', runner: 'r1', sent: 6e6, total: 6e6, took: 12_000 });
  });

  it('begins anew with the next boot', () => {
    const lines: string[] = [];
    const shipments = new Shipments(
      (text) => lines.push(text),
      () => {},
    );
    shipments.progress('r1', 1, 2, 0);
    shipments.end('r1');
    shipments.progress('r1', 2, 2, 60_000);
    expect(lines).toEqual(["sent the app's code to runner r1: 0.0 MB in 0.0 s"]);
  });
});
