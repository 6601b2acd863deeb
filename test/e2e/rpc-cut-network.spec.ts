import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { RegionApp } from '../support/region-app.js';
import { SeparateHosts } from '../support/separate-hosts.js';

const port = 7171;

interface Outcome {
  readonly text: string;
  readonly by?: string;
  readonly error?: { code: string; ran: string; message: string };
}

/** Three instances on three hosts, that see each other: `one` and `two` in the primary region, and `far`. */
async function three(reconnect = 500): Promise<{ hosts: SeparateHosts; one: RegionApp; two: RegionApp; far: RegionApp }> {
  const hosts = await SeparateHosts.make(3);
  const addresses = [1, 2, 3].map((host) => `${hosts.address(host)}:${port}`).join();
  const [one, two, far] = [
    ['one', 'syd'],
    ['two', 'syd'],
    ['far', 'hkg'],
  ].map(([id, region], index) => {
    const env = { MY_REGION: region!, PRIMARY_REGION: 'syd', FLY_MACHINE_ID: id!, HOST: hosts.address(index + 1), PORT: String(port) };
    const secret = { FLAME_RPC_SECRET: 'the secret of all instances in these tests' };
    return new RegionApp({ ...env, ...secret, ADDRESSES: addresses, RECONNECT: String(reconnect) }, hosts.at(index + 1));
  }) as [RegionApp, RegionApp, RegionApp];
  await Promise.all([one, two, far].map((app) => app.sees(['syd', 'syd', 'hkg'])));
  return { hosts, one, two, far };
}

let written = 0;

/** Writes a note in the primary region, with a minute's time, and tells what comes of it. */
async function write(from: RegionApp): Promise<Outcome> {
  const text = `note ${++written}`;
  try {
    return { text, by: await from.ask<string>('notes', 'stay', [0, text]) };
  } catch (error) {
    return { text, error: error as Outcome['error'] };
  }
}

/** Writes, eight at a time, until `event` has come: what came of all of it. */
async function writeUntil(from: RegionApp, event: Promise<void>): Promise<Outcome[]> {
  let over = false;
  void event.then(() => (over = true));
  const outcomes: Outcome[] = [];
  const writer = async (): Promise<void> => {
    while (!over) outcomes.push(await write(from));
  };
  await Promise.all([event, ...Array.from({ length: 8 }, writer)]);
  return outcomes;
}

/** Each ran where its answer came from, and nowhere else; what `one` did not answer was lost with it, and not given to `two`. */
function expectOneRunEach(outcomes: readonly Outcome[], one: RegionApp, two: RegionApp): void {
  for (const { text, by, error } of outcomes) {
    const ran = { one: one.wrote(text), two: two.wrote(text) };
    if (by !== undefined) expect(ran).toEqual({ one: 0, two: 0, [by]: 1 });
    else {
      expect(ran.two).toBe(0);
      expect(ran.one).toBeLessThanOrEqual(1);
      expect(error).toMatchObject({ code: 'FLAME_LOST', ran: 'maybe', message: expect.stringContaining('instance one (region syd)') });
    }
  }
  expect(outcomes.some(({ error }) => error)).toBe(true);
}

async function writers(from: RegionApp): Promise<Set<string | undefined>> {
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => write(from)));
  expect(outcomes.filter(({ error }) => error)).toEqual([]);
  return new Set(outcomes.map(({ by }) => by));
}

it('Separate hosts: a cable that is cut for a second delays calls, and loses or repeats none', { timeout: 180_000 }, async () => {
  const { hosts, one, two, far } = await three(10_000);
  const stays = Array.from({ length: 20 }, (_, index) => far.ask<string>('notes', 'stay', [1_500, `stay ${index}`]));
  await Promise.all([one, two].map((app) => app.line(/\[wrote stay/)));
  await hosts.cut(3);
  const meanwhile = Array.from({ length: 6 }, () => write(far));
  await setTimeout(1_000);
  await hosts.mend(3);
  expect(new Set(await Promise.all(stays))).toEqual(new Set(['one', 'two']));
  for (const { text, error } of await Promise.all(meanwhile)) {
    expect(error).toBeUndefined();
    expect(one.wrote(text) + two.wrote(text)).toBe(1);
  }
});

it(
  'Separate hosts: a host whose cable is cut gets no calls, and a region without hosts fails calls with the reason',
  { timeout: 180_000 },
  async () => {
    const { hosts, one, two, far } = await three();
    await hosts.cut(1);
    const cut = performance.now();
    const outcomes = await writeUntil(far, far.sees(['syd', 'hkg']));
    console.log(`an instance whose cable was taken out got no calls after ${Math.round(performance.now() - cut)} ms`);
    expectOneRunEach(outcomes, one, two);
    expect(await writers(far)).toEqual(new Set(['two']));

    await hosts.cut(2);
    await far.sees(['hkg']);
    const { text, error } = await write(far);
    expect(error).toMatchObject({ code: 'FLAME_REFUSED', ran: 'no' });
    expect(error!.message).toMatch(
      /no instance of region "syd" answers\. Regions known: hkg \(1\)\. Instances that accept no calls: 10\.99\.0\.1:7171: /,
    );
    expect(error!.message).toContain('10.99.0.2:7171: ');
    expect(one.wrote(text) + two.wrote(text)).toBe(0);

    await Promise.all([hosts.mend(1), hosts.mend(2)]);
    await Promise.all([one, two, far].map((app) => app.sees(['syd', 'syd', 'hkg'])));
    expect(await writers(far)).toEqual(new Set(['one', 'two']));
  },
);

it.each([
  ['calls', 3, 1],
  ['answers', 1, 3],
] as const)('Separate hosts: one that loses only %s gets no calls until it is back', { timeout: 180_000 }, async (_, from, to) => {
  const { hosts, one, two, far } = await three();
  await hosts.lose(from, to);
  const outcomes = await writeUntil(far, far.sees(['syd', 'hkg']));
  expectOneRunEach(outcomes, one, two);
  expect(await writers(far)).toEqual(new Set(['two']));
  await hosts.find(from, to);
  await far.sees(['syd', 'syd', 'hkg']);
  expect(await writers(far)).toEqual(new Set(['one', 'two']));
});
