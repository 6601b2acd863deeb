import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { EventStreams } from './event-streams.js';

/** A response whose socket takes what it is given, or does not. */
class FakeResponse extends EventEmitter {
  writableNeedDrain = false;
  text = '';
  ended = false;
  shouldKeepAlive = true;
  writeHead(): void {}
  write(text: string): void {
    this.text += text;
  }
  end(): void {
    this.ended = true;
    this.emit('close');
  }
  destroy(): void {
    this.end();
  }
  asResponse(): ServerResponse {
    return this as unknown as ServerResponse;
  }
}

describe('EventStreams', () => {
  it('sends events to all clients, on one line each', () => {
    const streams = new EventStreams();
    const response = new FakeResponse();
    streams.add(response.asResponse(), () => {});
    streams.send('snapshot', { text: 'two\nlines' }, 0);
    expect(response.text).toBe('retry: 2000\n\nevent: snapshot\ndata: {"text":"two\\nlines"}\n\n');
  });

  it('buffers nothing for a slow page, and disconnects one that reads nothing for 20 s', () => {
    const streams = new EventStreams();
    const [slow, stuck] = [new FakeResponse(), new FakeResponse()];
    for (const response of [slow, stuck]) streams.add(response.asResponse(), () => {});
    slow.writableNeedDrain = stuck.writableNeedDrain = true;
    const before = slow.text;
    for (let at = 0; at <= 10_000; at += 500) streams.send('snapshot', {}, at);
    expect([slow.text, stuck.text]).toEqual([before, before]);
    slow.writableNeedDrain = false;
    streams.send('snapshot', {}, 10_500);
    slow.writableNeedDrain = true;
    streams.send('snapshot', {}, 20_500);
    expect([slow.ended, stuck.ended]).toEqual([false, true]);
    expect(streams.count).toBe(1);
  });

  it('accepts 50 clients, reports when one disconnects, and ends all when it closes', () => {
    const streams = new EventStreams();
    let left = 0;
    const responses = Array.from({ length: 50 }, () => new FakeResponse());
    for (const response of responses) streams.add(response.asResponse(), () => (left += 1));
    expect(streams.hasRoom).toBe(false);
    responses[0]!.emit('close');
    expect([left, streams.hasRoom]).toEqual([1, true]);
    streams.close();
    expect([left, streams.hasRoom]).toEqual([50, false]);
    expect(responses.slice(1).every(({ ended }) => ended)).toBe(true);
  });
});
