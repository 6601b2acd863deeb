import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { serverUnderAttack } from '../support/server-under-attack.js';
import { kindsOfStreams } from '../support/kinds-of-streams.js';
import { OpenedStreams } from '../support/opened-streams.js';
import { flood } from '../support/stream-flood.js';

/** `FLAME_STREAMS=1000000` for a million, or npm run stress -- hostile streams. */
const count = Number(process.env['FLAME_STREAMS'] ?? 15_000);

function watched() {
  const opened = new OpenedStreams();
  onTestFinished(() => opened.stop());
  return opened;
}

describe(`A parent that receives ${count} streams`, () => {
  it('answers each on this host, always serves its runner, and keeps nothing of them', { timeout: 30_000 + count }, async () => {
    const opened = watched();
    const { rig, stillServed } = await serverUnderAttack();
    const { address } = await rig.info();
    const handles = process.getActiveResourcesInfo().length;
    let over = false;
    const flooded = flood({ targets: [{ address }], stream: kindsOfStreams['ask for what there is not'], count, connections: 4 }).finally(
      () => (over = true),
    );
    let served = 0;
    for (; !over; served++) await stillServed();
    expect(await flooded).toEqual({ sent: count, answered: count, connections: 4 });
    expect(served).toBeGreaterThan(10);
    await vi.waitFor(() => expect(opened.count).toBe(count), 5_000);
    await vi.waitFor(() => expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(handles), 5_000);
  });

  it('opens none of those that unauthenticated clients send over the network in large writes', { timeout: 30_000 + count }, async () => {
    const opened = watched();
    const { rig, stillServed } = await serverUnderAttack('network');
    const { address } = await rig.info();
    const targets = Array.from({ length: 20 }, (_, i) => ({ address, from: `127.0.2.${i + 1}` }));
    const { sent } = await flood({ targets, stream: kindsOfStreams['say nothing'], count, connections: 20, unanswered: Infinity });
    await stillServed();
    expect(sent).toBe(count);
    // All of them are over by now, or soon.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(opened.count).toBe(0);
  });
});
