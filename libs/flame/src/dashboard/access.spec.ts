import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { accessBy } from './access.js';

const request = (authorization?: string): IncomingMessage => ({ headers: { authorization } }) as IncomingMessage;
const basic = (text: string): IncomingMessage => request(`Basic ${Buffer.from(text).toString('base64')}`);

describe('accessBy', () => {
  it.each([
    ['nothing', request(), 'challenge'],
    ['the right pair', basic('ops:s3cret:with:colons'), 'granted'],
    ['a wrong password', basic('ops:s3cret'), 'challenge'],
    ['a wrong name', basic('root:s3cret:with:colons'), 'challenge'],
    ['an empty pair', basic(''), 'challenge'],
    ['another scheme', request('Bearer b3BzOnMzY3JldA=='), 'challenge'],
    ['what is no base64', request('Basic !!!'), 'challenge'],
  ])('asks for name and password: %s', async (_, given, access) => {
    const of = accessBy({ user: 'ops', password: 's3cret:with:colons' }, () => {});
    expect(await of(given)).toBe(access);
  });

  it.each([
    ['true', () => true, 'granted'],
    ['a promise of true', async () => true, 'granted'],
    ['false', () => false, 'denied'],
    ['something merely truthy', () => ({ user: 'ops' }) as unknown as boolean, 'denied'],
  ])('uses the result of a function: %s', async (_, auth, access) => {
    expect(await accessBy(auth, () => {})(request())).toBe(access);
  });

  it('denies access when the function throws, and logs the error', async () => {
    const said: string[] = [];
    const of = accessBy(
      () => {
        throw new Error('no session store');
      },
      (text) => said.push(text),
    );
    expect(await of(request())).toBe('denied');
    expect(said[0]).toMatch(/auth function threw.*no session store/);
  });

  it('allows access without auth', async () => {
    expect(await accessBy(undefined, () => {})(request())).toBe('granted');
  });
});
