import { describe, expect, it } from 'vitest';
import { RecordingLog } from '../../../../../test/support/pool-rig.js';
import { createCodec } from '../../core/codec/create-codec.js';
import type { ContextCarrier } from '../../core/call/context-carrier.js';
import { enterContext } from './enter-context.js';

const codec = createCodec();

/** Enters with the value 5: what was run, and what was logged. */
function enter(run: ContextCarrier['run'] | undefined, next: () => void = () => {}): { times: number; lines: string[] } {
  const log = new RecordingLog();
  let times = 0;
  enterContext({ context: run && { capture: () => 5, run }, codec, log }, codec.encode(5), () => {
    times++;
    next();
  });
  return { times, lines: log.lines };
}

describe('enterContext', () => {
  it('runs the function once, inside, with the sent value', () => {
    const seen: unknown[] = [];
    const { times } = enter((value, next) => {
      seen.push(value);
      next();
      next();
    });
    expect([seen, times]).toEqual([[5], 1]);
  });

  it('rejects with the error of a carrier that throws before it calls next', () => {
    expect(() =>
      enter(() => {
        throw new RangeError('no');
      }),
    ).toThrow(RangeError);
  });

  it('only logs an error after that, because the call has its answer', () => {
    const { times, lines } = enter((_, next) => {
      next();
      throw new RangeError('too late');
    });
    expect(times).toBe(1);
    expect(lines).toEqual(['warn context.run() threw after the handler had begun: too late']);
  });

  it('refuses a carrier that does not call next, and ignores a late call', () => {
    let later = (): void => {};
    let ran = false;
    expect(() =>
      enter(
        (_, next) => void (later = next),
        () => (ran = true),
      ),
    ).toThrow(/returned without having called next\(\)/);
    later();
    expect(ran).toBe(false);
  });

  it('refuses a context if the app has no option for it', () => {
    expect(() => enter(undefined)).toThrow(/Set the same `context` option of FlameModule in parent and runner/);
  });
});
