import { describe, expect, it } from 'vitest';
import type { SpanRecord } from '../apps/src/ops/spans.js';
import { SpawnedApp } from '../support/spawned-app.js';

/** The spans of a trace, each under its parent. */
function tree(spans: readonly (SpanRecord & { where: string })[], parent?: string, depth = 0): string[] {
  return spans
    .filter((span) => span.parent === parent)
    .sort((a, b) => a.start - b.start)
    .flatMap((span) => [
      `${`${'  '.repeat(depth)}${span.name}`.padEnd(24)} ${span.where.padEnd(6)} ${span.took.toFixed(1)} ms`,
      ...tree(spans, span.id, depth + 1),
    ]);
}

async function traced(url: string, path: string): Promise<{ answer: unknown; spans: (SpanRecord & { where: string })[] }> {
  const answer: unknown = await (await fetch(`${url}/traced/${path}`, { method: 'POST' })).json();
  const { parent, runner } = (await (await fetch(`${url}/spans`)).json()) as { parent: SpanRecord[]; runner: SpanRecord[] };
  const all = [...parent.map((span) => ({ ...span, where: 'parent' })), ...runner.map((span) => ({ ...span, where: 'runner' }))];
  const { trace } = all.findLast(({ name }) => name === 'app.request')!;
  return { answer, spans: all.filter((span) => span.trace === trace) };
}

const names = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/ +[\d.]+ ms$/, ''));

describe('a call as a trace', () => {
  it(
    'is one trace across both processes, with the boot that it waited for, and carries baggage; so is a call of a child',
    { timeout: 120_000 },
    async () => {
      const app = new SpawnedApp('ops/main.js', { TRACING: '1', MIN: '0' });
      const url = await app.url();
      const { answer, spans } = await traced(url, 'tenant/0');
      expect(answer).toEqual({ value: 'acme' });
      const lines = tree(spans);
      console.log(lines.join('\n'));
      expect(names(lines)).toEqual([
        'app.request              parent',
        '  flame.call             parent',
        '    flame.queue          parent',
        '    flame.boot           parent',
        '    flame.run            runner',
        '      app.work           runner',
      ]);
      const named = (name: string): SpanRecord => spans.find((span) => span.name === name)!;
      const [call, run] = [named('flame.call'), named('flame.run')];
      const rpc = { 'rpc.system.name': 'nestjs-flame', 'rpc.method': 'WorkService/tenant', 'flame.pool': 'work' };
      expect(call.attributes).toMatchObject({ ...rpc, 'flame.attempt': 1, 'flame.runner': expect.stringMatching(/^work-/) });
      expect(run.attributes).toMatchObject({
        ...rpc,
        'flame.call.id': call.attributes['flame.call.id'],
        'flame.runner': call.attributes['flame.runner'],
      });
      expect([call.kind, run.kind]).toEqual([2, 1]);

      const { answer: count, spans: ofChild } = await traced(url, 'shelf/0');
      expect(count).toEqual({ value: 2 });
      expect(names(tree(ofChild))).toEqual([
        'app.request              parent',
        '  flame.call             parent',
        '    flame.run            runner',
        '  flame.call             parent',
        '    flame.run            runner',
        '      app.count          runner',
      ]);
      const [placing, method] = ofChild.filter((span) => span.name === 'flame.call');
      expect([placing, method].map((span) => span!.attributes['rpc.method'])).toEqual(['new Shelf', 'Shelf/count']);
      expect(method!.attributes['flame.child.id']).toBe(placing!.attributes['flame.call.id']);
    },
  );

  it('records the error on both sides, and no waiting time if a slot is free', { timeout: 120_000 }, async () => {
    const app = new SpawnedApp('ops/main.js', { TRACING: '1' });
    const { answer, spans } = await traced(await app.url(), 'fail/0');
    expect(answer).toEqual({ error: 'it failed on purpose' });
    expect(names(tree(spans))).toEqual([
      'app.request              parent',
      '  flame.call             parent',
      '    flame.run            runner',
    ]);
    for (const { name, status, attributes } of spans.filter((span) => span.name !== 'app.request'))
      expect([name, status, attributes['error.type']]).toEqual([name, 2, 'Error']);
  });

  it('names an inline function by its id on both sides, for each item of a map', { timeout: 120_000 }, async () => {
    const app = new SpawnedApp('ops/main.js', { TRACING: '1' });
    const url = await app.url();
    const { answer, spans } = await traced(url, 'halves/4');
    expect(answer).toEqual({ value: [2, 3] });
    const item = ['  flame.call             parent', '    flame.run            runner', '      app.work           runner'];
    expect(names(tree(spans))).toEqual(['app.request              parent', ...item, ...item]);
    const ours = spans.filter(({ name }) => name.startsWith('flame.'));
    expect(ours.map(({ attributes }) => attributes['rpc.method'])).toEqual(Array(4).fill('WorkService.halves/1'));

    const { answer: failed, spans: more } = await traced(url, 'halves/1');
    expect(failed).toEqual({ error: '1 is odd' });
    const first = more.find(({ name, status }) => name === 'flame.call' && status === 2)!;
    const run = more.find(({ parent }) => parent === first.id)!;
    for (const { attributes, status } of [first, run])
      expect([attributes['rpc.method'], status, attributes['error.type']]).toEqual(['WorkService.halves/1', 2, 'RangeError']);
  });
});
