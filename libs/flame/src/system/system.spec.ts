import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { thisSystem } from './system.js';

describe('thisSystem', () => {
  it('has the features of Linux', () => {
    expect(thisSystem()).toMatchObject({ unixSockets: true, memoryFolder: '/dev/shm', asksBySignal: true });
  });

  it('has the features of every system with FLAME_PORTABLE, and on Windows', () => {
    vi.stubEnv('FLAME_PORTABLE', '1');
    const forced = thisSystem();
    expect(forced).toMatchObject({ unixSockets: false, memoryFolder: undefined, asksBySignal: false });
    vi.unstubAllEnvs();
    const { platform } = process;
    onTestFinished(() => void Object.defineProperty(process, 'platform', { value: platform }));
    Object.defineProperty(process, 'platform', { value: 'win32' });
    expect(thisSystem()).toBe(forced);
  });
});
