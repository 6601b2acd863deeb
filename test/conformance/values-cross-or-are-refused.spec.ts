import { instanceToPlain } from 'class-transformer';
import { ProcessBackend } from 'nestjs-flame';
import { expect, it } from 'vitest';
import { Account, Member, OneSided, ValuesService } from '../apps/src/conformance/values.service.js';
import { WorkService } from '../apps/src/conformance/work.service.js';
import { rule, runnerEntry } from '../support/conformance.js';
import { failure } from '../support/failure.js';

rule('Values are copied completely or refused by name', (start) => {
  it('copies structures, Buffers and cycles', async () => {
    const { work } = await start();
    const value: { self?: unknown; bytes: Buffer; at: Date; tags: Set<string>; by: Map<string, number> } = {
      bytes: Buffer.from('abc'),
      at: new Date(5),
      tags: new Set(['x']),
      by: new Map([['n', -0]]),
    };
    value.self = value;
    const back = await work.echo(value);
    expect(back).toEqual(value);
    expect(back.self).toBe(back);
    expect(Buffer.isBuffer(back.bytes)).toBe(true);
  });

  it('copies values that are larger than a frame', async () => {
    const { work } = await start();
    const large = Buffer.alloc(5_000_000, 7);
    expect((await work.echo(large)).equals(large)).toBe(true);
  });

  it.each([undefined, Infinity])(
    'copies many large values at once without mixing them (sharedMemoryFrom: %s)',
    async (sharedMemoryFrom) => {
      const { work } = await start({ maxConcurrency: 12 }, { sharedMemoryFrom });
      const sizes = [40_000, 300_000, 1_048_576, 3_000_000];
      for (let round = 0; round < 5; round++) {
        const sent = Array.from({ length: 12 }, (_, i) => Buffer.alloc(sizes[(i + round) % sizes.length]!, round * 12 + i + 1));
        const came = await Promise.all(sent.map((bytes) => work.echo(bytes)));
        expect(came.map((bytes, i) => bytes.equals(sent[i]!))).toEqual(sent.map(() => true));
      }
    },
  );

  it('refuses an argument that cannot be encoded, with its path', async () => {
    const { work } = await start();
    const error = await failure(work.echo({ on: { data: () => 1 } }));
    expect(error).toMatchObject({ code: 'FLAME_ENCODING', ran: 'no' });
    expect(error.message).toContain('WorkService.echo');
    expect(error.message).toContain('args[0].on.data');
  });

  it('refuses a result that cannot be encoded, with its path, and keeps the runner', async () => {
    const { work } = await start();
    const error = await failure(work.socket());
    expect(error).toMatchObject({ code: 'FLAME_ENCODING', ran: 'yes' });
    expect(error.message).toContain('WorkService.socket');
    expect(error.message).toContain('result.socket');
    expect(await work.pid()).toBeGreaterThan(0);
  });

  it('refuses an instance of a class with behaviour that is not registered, wherever it is', async () => {
    const { app, work, flame } = await start();
    const values = app.get(ValuesService);
    const account = new Account('a');
    const refusal = (path: string): unknown =>
      expect.stringMatching(new RegExp(`${path}: an Account cannot cross.*toJSON\\(\\).*\`classes\``));
    const argument = await failure(work.echo({ by: new Map([['a', { account }]]) }));
    expect(argument).toMatchObject({ code: 'FLAME_ENCODING', ran: 'no', message: refusal('args\\[0\\]\\.by\\.get\\("a"\\)\\.account') });
    const cast = await failure(flame.cast('p', WorkService).echo(account));
    expect(cast).toMatchObject({ code: 'FLAME_ENCODING', ran: 'no', message: refusal('args\\[0\\]') });
    const result = await failure(values.result());
    expect(result).toMatchObject({ code: 'FLAME_ENCODING', ran: 'yes', message: refusal('result\\.accounts\\[0\\]') });
    const items: unknown[] = [];
    const item = await failure((async () => { for await (const each of values.items()) items.push(each); })()); // prettier-ignore
    expect(item).toMatchObject({ code: 'FLAME_ENCODING', message: refusal('account') });
    expect(items).toEqual([1]);
    expect(await values.progress()).toEqual(refusal('account'));
    const thrown: unknown = await values.thrown().catch((error: unknown) => error);
    expect(thrown).toMatchObject({ message: 'no', account: '[left out: an Account]' });
  });

  it('copies instances of classes that register themselves, so that a serializer still applies to them', async () => {
    const { app } = await start();
    const members = (await app.get(ValuesService).members(new Member('a'))) as Map<string, Member[]>;
    const [a, b] = members.get('member a')!;
    expect([a, b]).toEqual([new Member('a'), new Member('b')]);
    for (const member of [a, b]) expect(member).toBeInstanceOf(Member);
    expect(instanceToPlain([a, b])).toEqual([{ name: 'a' }, { name: 'b' }]);
  });

  it('refuses arguments and results above maxPayload', async () => {
    const { work } = await start({}, { maxPayload: 100_000 });
    const argument = await failure(work.echo(Buffer.alloc(200_000)));
    expect(argument).toMatchObject({ code: 'FLAME_ENCODING', ran: 'no' });
    expect(argument.message).toContain('exceed maxPayload (100000)');
    expect(await work.bytes(50_000)).toHaveLength(50_000);
    const result = await failure(work.bytes(200_000));
    expect(result).toMatchObject({ code: 'FLAME_ENCODING', ran: 'yes' });
    expect(result.message).toContain('exceed maxPayload (100000)');
  });
});

rule(
  'A value of a class that only its sender knows fails only its call',
  (start) => {
    // Over the stream, and through shared memory.
    const sizes = [10, 400_000];

    it.each(sizes)('from a runner: %i bytes', async (size) => {
      const backend = new ProcessBackend({ entry: runnerEntry, env: { KNOWS_ONE_SIDED: 'yes' } });
      const { app, work, flame } = await start({ max: 1 }, { backend });
      const pid = await work.pid();
      const values = flame.on('p', ValuesService, { onProgress: () => {} });
      const unknown = (path: string) => ({
        code: 'FLAME_ENCODING',
        message: expect.stringContaining(`${path}: the class OneSided is not`),
      });
      const waits = work.echo(await work.bytes(size));
      expect(await failure(values.oneSided('result', size))).toMatchObject(unknown('result.list[0]'));
      expect(await failure(values.oneSided('thrown', size))).toMatchObject(unknown('error.value.list[0]'));
      expect(await failure(values.oneSided('progress', size))).toMatchObject(unknown('progress.list[0]'));
      const items: unknown[] = [];
      const item = await failure((async () => { for await (const each of app.get(ValuesService).oneSidedItems(size)) items.push(each); })()); // prettier-ignore
      expect(item).toMatchObject(unknown('item.list[0]'));
      expect(items).toEqual([1]);
      expect(await waits).toHaveLength(size);
      expect(await work.pid()).toBe(pid);
    });

    it.each(sizes)('from the parent: %i bytes', async (size) => {
      const { app, work } = await start({ max: 1 }, { classes: [OneSided] });
      const pid = await work.pid();
      const value = { list: [new OneSided(Buffer.alloc(size))] };
      const unknown = (path: string) => ({
        code: 'FLAME_ENCODING',
        message: expect.stringContaining(`${path}: the class OneSided is not`),
      });
      expect(await failure(work.echo(value))).toMatchObject({ ...unknown('args[0].list[0]'), ran: 'no' });
      async function* items(): AsyncGenerator<unknown> {
        yield 1;
        yield value;
      }
      expect(await failure(app.get(ValuesService).read(items()))).toMatchObject(unknown('item.list[0]'));
      expect(await work.pid()).toBe(pid);
    });
  },
  ({ isolated, onHost }) => isolated && onHost,
);
