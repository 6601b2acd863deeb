import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { RequestLink } from './request-link.js';

/** One request under way: `end` says whether its response was sent when it closed. */
function request(link: RequestLink): { within: <T>(task: () => T) => T; close: (answered: boolean) => void } {
  const response = Object.assign(new EventEmitter(), { writableEnded: false });
  const message = { method: 'GET', url: '/videos/5?token=secret' } as IncomingMessage;
  let run!: (task: () => void) => void;
  link.middleware(message, response as unknown as ServerResponse, () => {
    run = AsyncLocalStorage.snapshot();
  });
  return {
    within: (task) => run(task) as never,
    close(answered) {
      response.writableEnded = answered;
      response.emit('close');
    },
  };
}

describe('RequestLink', () => {
  it('has no caller outside of requests', () => {
    expect(new RequestLink().caller()).toBeUndefined();
  });

  it('calls its followers when the client disconnects, and omits the query from the reason', () => {
    const link = new RequestLink();
    const { within, close } = request(link);
    const told: string[] = [];
    const caller = within(link.caller)!;
    caller.follow((reason) => told.push(reason));
    expect(caller.gone).toBeUndefined();
    close(false);
    expect(told).toEqual(['the client of the request GET /videos/5 disconnected']);
    expect(caller.gone).toBe(told[0]);
  });

  it('calls no follower after the response was sent', () => {
    const link = new RequestLink();
    const { within, close } = request(link);
    const caller = within(link.caller)!;
    caller.follow(() => expect.unreachable());
    close(true);
    expect(caller.gone).toBeUndefined();
  });

  it('does not call followers that have stopped', () => {
    const link = new RequestLink();
    const { within, close } = request(link);
    const unfollow = within(link.caller)!.follow(() => expect.unreachable());
    unfollow();
    close(false);
  });

  it('separates requests and apps', () => {
    const [link, other] = [new RequestLink(), new RequestLink()];
    const [one, two] = [request(link), request(link)];
    expect(one.within(link.caller)).not.toBe(two.within(link.caller));
    expect(one.within(other.caller)).toBeUndefined();
  });
});
