import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemClock } from './system-clock.js';

describe('SystemClock', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('fires once, after the delay', () => {
    const wake = vi.fn<() => void>();
    new SystemClock().after(100, wake);
    vi.advanceTimersByTime(99);
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(wake).toHaveBeenCalledTimes(1);
  });

  it('does not fire after it is cancelled', () => {
    const wake = vi.fn<() => void>();
    new SystemClock().after(100, wake)();
    vi.advanceTimersByTime(1_000);
    expect(wake).not.toHaveBeenCalled();
  });

  it('waits longer than a timer can hold', () => {
    const wake = vi.fn<() => void>();
    const days = 24 * 60 * 60 * 1000;
    new SystemClock().after(60 * days, wake);
    vi.advanceTimersByTime(59 * days);
    expect(wake).not.toHaveBeenCalled();
    vi.advanceTimersByTime(days + 1);
    expect(wake).toHaveBeenCalledTimes(1);
  });

  it('never fires after Infinity', () => {
    new SystemClock().after(Infinity, () => {});
    expect(vi.getTimerCount()).toBe(0);
  });
});
