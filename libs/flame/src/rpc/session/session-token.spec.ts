import { describe, expect, it } from 'vitest';
import { SessionTokens } from './session-token.js';

const [old, fresh, foreign] = ['o', 'f', 'x'].map((letter) => letter.repeat(32)) as [string, string, string];
const now = Date.UTC(2026, 10, 30);
const tokens = new SessionTokens([fresh], 60_000);
const token = tokens.sign('1:1:0/3000148', now);

describe('SessionTokens', () => {
  it('gives the position that it signed', () => {
    expect(tokens.read(token, now + 59_000)).toEqual({ position: '1:1:0/3000148' });
    expect(token).toMatch(/^v1\.[0-9a-z]+\.[\w-]+\.[\w-]{43}$/);
  });

  it('accepts those of the secrets before, during a rotation', () => {
    const before = new SessionTokens([old], 60_000).sign('7', now);
    expect(new SessionTokens([fresh, old], 60_000).read(before, now)).toEqual({ position: '7' });
    expect(tokens.read(before, now)).toEqual({ refused: 'forged' });
  });

  it('refuses one that is too old', () => {
    expect(tokens.read(token, now + 62_000)).toEqual({ refused: 'too old' });
  });

  it('refuses one that another secret signed, and one with any part changed', () => {
    expect(tokens.read(new SessionTokens([foreign], 60_000).sign('1:1:0/3000148', now), now)).toEqual({ refused: 'forged' });
    const [version, time, , signature] = token.split('.');
    expect(tokens.read([version, time, 'OTk5', signature].join('.'), now)).toEqual({ refused: 'forged' });
    expect(tokens.read([version, 'zzzzzz', token.split('.')[2], signature].join('.'), now)).toEqual({ refused: 'forged' });
  });

  it.each([
    '',
    'v1',
    'v2.1.1.1',
    token.replace('v1', 'v2'),
    `${token}x`,
    `v1.1.${'A'.repeat(10_000)}.${'A'.repeat(43)}`,
    '\u0000',
    'v1....',
  ])('refuses a malformed one: %#', (given) => {
    expect(tokens.read(given, now)).toEqual({ refused: 'malformed' });
  });
});
