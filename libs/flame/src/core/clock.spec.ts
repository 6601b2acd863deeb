import { describe, expect, it, vi } from 'vitest';
import { VirtualClock } from '../../../../test/support/virtual-clock.js';
import { afterLimit } from './clock.js';

/** A clock of a process that a debugger may hold. */
class DebuggedClock extends VirtualClock {
  held = false;

  debugged(): boolean {
    return this.held;
  }
}

describe('afterLimit', () => {
  it('fires when the limit has passed', async () => {
    const clock = new VirtualClock();
    const wake = vi.fn<() => void>();
    afterLimit(clock, 3_000, wake);
    await clock.advance(2_999);
    expect(wake).not.toHaveBeenCalled();
    await clock.advance(1);
    expect(wake).toHaveBeenCalledTimes(1);
  });

  it('does not fire under a debugger, and starts again when the debugger has detached', async () => {
    const clock = new DebuggedClock();
    const wake = vi.fn<() => void>();
    clock.held = true;
    afterLimit(clock, 3_000, wake);
    await clock.advance(60_000);
    clock.held = false;
    await clock.advance(2_999);
    expect(wake).not.toHaveBeenCalled();
    await clock.advance(1_001);
    expect(wake).toHaveBeenCalledTimes(1);
  });

  it('does not fire after it is cancelled', async () => {
    const clock = new DebuggedClock();
    const wake = vi.fn<() => void>();
    clock.held = true;
    const cancel = afterLimit(clock, 3_000, wake);
    await clock.advance(10_000);
    clock.held = false;
    cancel();
    await clock.advance(10_000);
    expect(wake).not.toHaveBeenCalled();
  });
});
