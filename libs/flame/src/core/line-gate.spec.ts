import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../../test/support/virtual-clock.js';
import { LineGate, lineLength, linesPerSecond, shortened } from './line-gate.js';

describe('LineGate', () => {
  const pour = (gate: LineGate, lines: number): number => Array.from({ length: lines }, () => gate.pass()).filter(Boolean).length;

  it('passes a thousand lines a second, and reports the number of dropped lines once a second', async () => {
    const clock = new VirtualClock();
    const told: number[] = [];
    const gate = new LineGate(clock, (dropped) => told.push(dropped));
    expect(pour(gate, linesPerSecond + 5)).toBe(linesPerSecond);
    await clock.advance(999);
    expect([pour(gate, 2), told]).toEqual([0, []]);
    await clock.advance(1);
    expect([pour(gate, linesPerSecond), told]).toEqual([linesPerSecond, [7]]);
    await clock.advance(60_000);
    expect(told).toEqual([7]);
    expect(pour(gate, linesPerSecond + 1)).toBe(linesPerSecond);
    await clock.advance(1_000);
    expect(told).toEqual([7, 1]);
  });
});

describe('shortened', () => {
  it('does not change a short line, and cuts a long one', () => {
    expect(shortened('a line')).toBe('a line');
    expect(shortened('x'.repeat(lineLength + 1))).toBe(`${'x'.repeat(lineLength)}…`);
  });
});
