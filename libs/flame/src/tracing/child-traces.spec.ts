import { Injectable } from '@nestjs/common';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace-base';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { failure } from '../../../../test/support/failure.js';
import { startApp } from '../../../../test/support/nest-app.js';
import { PoolRig } from '../../../../test/support/pool-rig.js';
import { setUpSdk } from '../../../../test/support/telemetry-sdk.js';
import type { PlacedChild } from '../pool/children/placed-child.js';
import { Flame } from '../nest/flame/flame.service.js';
import { FlameCall } from '../runner/executor/flame-call.js';
import { FlameTestingModule } from '../testing/index.js';
import { flameTracing } from './flame-tracing.js';
import { OnFlame } from '../nest/decorator/on-flame.decorator.js';

const activeSpan = (): string | undefined => trace.getActiveSpan()?.spanContext().spanId;

/** Spans as a tree: name, `rpc.method`, the pool, and whether a child was called. */
function tree(spans: readonly ReadableSpan[], parent?: string, depth = 0): string[] {
  return spans
    .filter((span) => span.parentSpanContext?.spanId === parent)
    .sort((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1])
    .flatMap((span) => {
      const { 'rpc.method': method, 'flame.pool': pool, 'flame.child.id': child } = span.attributes;
      const words = [span.name, method, pool, child === undefined ? undefined : 'of a child'].filter((word) => word !== undefined);
      return [`${'  '.repeat(depth)}${words.join(' ')}`, ...tree(spans, span.spanContext().spanId, depth + 1)];
    });
}

/** Runs `task` within a span of the app. */
function within<T>(task: () => T): T {
  return trace.getTracer('app').startActiveSpan('app', (span) => {
    const result = task();
    span.end();
    return result;
  });
}

describe('traces of a child on a runner', () => {
  let seen: (string | undefined)[] = [];

  async function placed(options: { outer?: boolean } = {}): Promise<{ rig: PoolRig; child: PlacedChild; end: () => Promise<unknown> }> {
    seen = [];
    const tracer = flameTracing();
    const make = (): object => ({
      onFlameStart: () => void seen.push(activeSpan()),
      add: async () => void seen.push(activeSpan()),
      run: async (what: string) => {
        if (what === 'throw') throw new RangeError('too much');
        await new Promise((resolve) => FlameCall.current()!.signal.addEventListener('abort', resolve));
      },
      items: async function* () {
        yield 1;
        yield 2;
      },
    });
    const rig = new PoolRig({ 'new Child': make }, { max: 1 }, { setup: { tracer }, runner: { tracer } });
    const child = await (options.outer ? within(() => rig.place('Child')) : rig.place('Child'));
    return { rig, child, end: () => Promise.all([rig.pool.drain(), rig.clock.advance(60_000)]) };
  }

  const ofMethods = (spans: ReadableSpan[]): ReadableSpan[] => spans.filter(({ attributes }) => attributes['flame.child.id'] !== undefined);

  it('are a client and a server span for its placing and for each call of a method, in the trace of each caller', async () => {
    const { spans } = setUpSdk();
    const { child, end } = await placed({ outer: true });
    await within(() => child.call('add', []));
    expect(tree(spans())).toEqual([
      'app',
      '  flame.call new Child p',
      '    flame.run new Child p',
      'app',
      '  flame.call Child/add p of a child',
      '    flame.run Child/add p of a child',
    ]);
    const [start] = spans('flame.call');
    const [call, run] = ofMethods(spans()).sort((a, b) => b.kind - a.kind);
    expect([call!.kind, run!.kind]).toEqual([SpanKind.CLIENT, SpanKind.SERVER]);
    const attributes = {
      'flame.call.id': 2,
      'flame.child.id': start!.attributes['flame.call.id'],
      'flame.runner': start!.attributes['flame.runner'],
    };
    expect(call!.attributes).toMatchObject({ ...attributes, 'flame.mode': 'call' });
    expect(run!.attributes).toMatchObject(attributes);
    expect(seen).toEqual(spans('flame.run').map((span) => span.spanContext().spanId));
    await end();
  });

  it('have the error of a method on both sides, and that of a method that ran out of time', async () => {
    const { spans } = setUpSdk();
    const { rig, child, end } = await placed();
    await expect(child.call('run', ['throw'])).rejects.toThrow('too much');
    const [late] = await Promise.all([failure(child.call('run', ['wait'], { timeout: 100 })), rig.clock.advance(100)]);
    expect(late.code).toBe('FLAME_TIMEOUT');
    await rig.clock.advance(0);
    const found = ofMethods(spans()).map(({ name, attributes, status }) => [name, attributes['error.type'], status.code]);
    expect(found).toEqual([
      ['flame.run', 'RangeError', SpanStatusCode.ERROR],
      ['flame.call', 'RangeError', SpanStatusCode.ERROR],
      ['flame.call', 'FLAME_TIMEOUT', SpanStatusCode.ERROR],
      ['flame.run', undefined, SpanStatusCode.UNSET],
    ]);
    await end();
  });

  it('have a call that was not made, and no wait for a slot: its arguments cannot cross, or its child has ended', async () => {
    const { spans } = setUpSdk();
    const { child, end } = await placed();
    const before = spans().length;
    await expect(child.call('add', [() => {}])).rejects.toMatchObject({ code: 'FLAME_ENCODING' });
    await child.stop('enough');
    await expect(child.call('add', [])).rejects.toMatchObject({ code: 'FLAME_LOST' });
    const attributes = { 'rpc.method': 'Child/add', 'flame.child.id': 1 };
    expect(spans().slice(before)).toMatchObject([
      { name: 'flame.call', attributes: { ...attributes, 'error.type': 'FLAME_ENCODING' } },
      { name: 'flame.call', attributes: { ...attributes, 'error.type': 'FLAME_LOST' } },
    ]);
    await end();
  });

  it('end with the answer of a method that streams, before its items', async () => {
    const { spans } = setUpSdk();
    const { child, end } = await placed();
    const items = (await child.call('items', [])) as AsyncIterable<number>;
    expect(ofMethods(spans()).map(({ name }) => name)).toEqual(['flame.run', 'flame.call']);
    const read: number[] = [];
    for await (const item of items) read.push(item);
    expect(read).toEqual([1, 2]);
    await end();
  });

  it('are not recorded if the sampler says so, and it is asked once for each call', async () => {
    const { sampler, spans } = setUpSdk(SamplingDecision.NOT_RECORD);
    const { child, end } = await placed();
    await child.call('add', []);
    expect(sampler.asked).toEqual(['flame.call', 'flame.call']);
    const outer = trace.getTracer('app').startSpan('outer');
    await context.with(trace.setSpan(context.active(), outer), () => child.call('add', []));
    expect(sampler.asked.slice(2)).toEqual(['outer']);
    expect(spans()).toEqual([]);
    // The methods know their trace nevertheless.
    expect(seen.at(-1)).toBe(outer.spanContext().spanId);
    await end();
  });
});

@Injectable()
class Room {
  constructor(private readonly flame: Flame) {}

  async ask(): Promise<string> {
    return this.flame.on('two', Outer, { timeout: 1_000 }).look();
  }

  async fail(): Promise<void> {
    throw new RangeError('no room');
  }
}

@Injectable()
class Outer {
  constructor(private readonly flame: Flame) {}

  /** Places a child where it runs, and calls it. */
  @OnFlame('one')
  async run(): Promise<string> {
    const child = await this.flame.placeChild('two', Room, undefined);
    const answer = await child.api.ask();
    await child.api.fail().catch(() => {});
    await child.stop('enough');
    await child.api.ask().catch(() => {});
    return answer;
  }

  @OnFlame('two')
  async look(): Promise<string> {
    return 'seen';
  }
}

describe('traces of a child of an app', () => {
  const start = async (): Promise<{ flame: Flame; outer: Outer }> => {
    const pools = ['one', 'two'].map((name) => ({ name, min: 1, max: 1 }));
    const imports = [FlameTestingModule.forRoot(pools, { tracing: flameTracing(), handlers: [Room] })];
    const app = await startApp({ imports, providers: [Outer] });
    return { flame: app.get(Flame), outer: app.get(Outer) };
  };

  it('contain the calls that its methods make', async () => {
    const { spans } = setUpSdk();
    const { flame } = await start();
    const child = await flame.placeChild('one', Room, undefined);
    expect(await child.api.ask()).toBe('seen');
    await child.stop();
    expect(tree(spans())).toEqual([
      'flame.call new Room one',
      '  flame.run new Room one',
      'flame.call Room/ask one of a child',
      '  flame.run Room/ask one of a child',
      '    flame.call Outer/look two',
      '      flame.run Outer/look one',
    ]);
  });

  it('are the same in place: within the span of the handler that placed it', async () => {
    const { spans } = setUpSdk();
    const { outer } = await start();
    expect(await outer.run()).toBe('seen');
    const method = (name: string): string[] => [
      `    flame.call Room/${name} two of a child`,
      `      flame.run Room/${name} one of a child`,
    ];
    expect(tree(spans())).toEqual([
      'flame.call Outer/run one',
      '  flame.run Outer/run one',
      '    flame.call new Room two',
      '      flame.run new Room one',
      ...method('ask'),
      '        flame.call Outer/look two',
      '          flame.run Outer/look one',
      ...method('fail'),
      // The child has ended.
      '    flame.call Room/ask two of a child',
    ]);
    const errors = spans().flatMap(({ attributes: { 'error.type': error } }) => (error === undefined ? [] : [error]));
    expect(errors).toEqual(['RangeError', 'RangeError', 'FLAME_LOST']);
    const ids = spans().flatMap(({ attributes }) => attributes['flame.child.id'] ?? []);
    // In place, the child has the number of the call around.
    expect(new Set(ids)).toEqual(new Set([1]));
  });
});
