import { describe, expect, it } from 'vitest';
import { Session } from './session.js';

const packet = (name: string, length = 1): { name: string; length: number } => ({ name, length });

describe('Session', () => {
  it('numbers packets from 1 and keeps them until they are confirmed', () => {
    const session = new Session<ReturnType<typeof packet>>();
    expect(session.next).toBe(1);
    for (const name of ['a', 'b', 'c']) session.sent(packet(name));
    expect(session.next).toBe(4);
    expect(session.confirm(2)).toBe(true);
    expect(session.unconfirmed()).toEqual([packet('c')]);
  });

  it('ignores a late acknowledgement, and refuses one for a packet that was never sent', () => {
    const session = new Session<ReturnType<typeof packet>>();
    for (const name of ['a', 'b']) session.sent(packet(name));
    expect(session.confirm(2)).toBe(true);
    expect(session.confirm(1)).toBe(true);
    expect(session.unconfirmed()).toEqual([]);
    expect(session.confirm(3)).toBe(false);
  });

  it('accepts every packet once', () => {
    const session = new Session();
    expect([1, 2, 2, 1, 3].map((number) => session.receive(number, 1))).toEqual(['fresh', 'fresh', 'duplicate', 'duplicate', 'fresh']);
    expect(session.received).toBe(3);
  });

  it('does not accept a packet behind a gap', () => {
    const session = new Session();
    expect(session.receive(2, 1)).toBe('gap');
    expect(session.received).toBe(0);
  });

  it('is full while as many bytes as it may keep are unconfirmed', () => {
    const session = new Session<ReturnType<typeof packet>>({ keep: 10 });
    session.sent(packet('a', 4));
    expect([session.underWay, session.full]).toEqual([4, false]);
    session.sent(packet('b', 6));
    expect([session.underWay, session.full]).toEqual([10, true]);
    session.confirm(1);
    expect([session.underWay, session.full]).toEqual([6, false]);
    session.confirm(2);
    expect([session.underWay, session.full]).toEqual([0, false]);
  });

  it('needs an acknowledgement after a number of unacknowledged packets or bytes', () => {
    const session = new Session<ReturnType<typeof packet>>({ ackPackets: 3, ackBytes: 100 });
    session.receive(1, 1);
    session.receive(2, 1);
    expect(session.mustAcknowledge).toBe(false);
    session.receive(3, 1);
    expect(session.mustAcknowledge).toBe(true);
    session.acknowledged();
    expect(session.mustAcknowledge).toBe(false);
    session.receive(4, 100);
    expect(session.mustAcknowledge).toBe(true);
    // Every packet tells.
    session.sent(packet('a'));
    expect(session.mustAcknowledge).toBe(false);
  });

  it('needs none for repeated packets', () => {
    const session = new Session({ ackPackets: 2 });
    session.receive(1, 1);
    session.receive(1, 1);
    expect(session.mustAcknowledge).toBe(false);
  });
});
