import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as elapsed } from 'node:timers/promises';
import { dial, type DialOptions } from '../../libs/flame/src/wire/attach-client.js';
import type { Link } from '../../libs/flame/src/wire/link.js';
import { manifest, WireRig } from '../support/wire-rig.js';
import { attack, attacks } from './attacks.js';

/** Calls under way at once. */
const callers = 16;
/** How long each measurement takes, and how often both are made, in turn. */
const window = 1_000;
const rounds = 5;

/** What was served in a window: calls a second, and calls for a second of the parent's processor. */
interface Served {
  readonly perSecond: number;
  readonly perProcessorSecond: number;
}

/**
 * Attacks a parent's port on the network, from another process, while a runner, in a third one, is called all the time. Prints for each attack what
 * part of the calls is left, by the clock and for each second of the parent's processor, which is what the attack costs the parent: the medians of pairs of
 * measurements, one without the attack and one beside it. Says whether both were always half at least.
 */
export async function hostile(only?: string): Promise<boolean> {
  const rig = new WireRig('network');
  const info = await rig.info();
  const attached = rig.expect(info);
  const runner = fork(process.argv[1]!, ['runner', JSON.stringify(info)]);
  const attacker = fork(process.argv[1]!, ['attacker', info.address]);
  const measure = keepCalling((await attached).link);
  const names = Object.keys(attacks).filter((name) => only === undefined || name === only);
  let held = true;
  try {
    print('attack', 'calls/s', 'beside it', 'ratio', 'worst', 'per processor second');
    for (const name of names) {
      const [alone, beside]: [Served[], Served[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        alone.push(await measure());
        await tell(attacker, name);
        beside.push(await measure());
        await tell(attacker, '');
      }
      const ratios = (which: keyof Served): number[] => beside.map((served, round) => served[which] / alone[round]![which]);
      const [byClock, byProcessor] = [ratios('perSecond'), ratios('perProcessorSecond')];
      if (median(byClock) < 0.5 || median(byProcessor) < 0.5) held = false;
      const calls = [alone, beside].map((served) => median(served.map(({ perSecond }) => perSecond)).toFixed(0));
      print(name, ...calls, ...[median(byClock), Math.min(...byClock), median(byProcessor)].map((ratio) => ratio.toFixed(2)));
    }
  } finally {
    attacker.kill();
    runner.kill();
    await rig.close();
  }
  return held;
}

function print(name: string, ...figures: string[]): void {
  console.log(name.padEnd(36), ...figures.map((figure) => figure.padStart(Math.max(10, figure.length))));
}

function median(of: readonly number[]): number {
  return [...of].sort((a, b) => a - b)[of.length >> 1]!;
}

/** Keeps calls under way on a link; gives what measures how many are answered. */
function keepCalling(link: Link): () => Promise<Served> {
  let [id, answered] = [0, 0];
  const call = (): void => {
    link.send({ kind: 'call', id: ++id, handler: 0, args: Buffer.from('x'), mode: 'call', timeout: 0, linked: true, attempt: 1 });
  };
  link.open({
    frame: () => {
      answered++;
      call();
    },
    closed: ({ reason }) => console.log(`the good runner's session is over: ${reason}`),
  });
  for (let i = 0; i < callers; i++) call();
  return async () => {
    const [before, began, cpu] = [answered, performance.now(), process.cpuUsage()];
    await elapsed(window);
    const { user, system } = process.cpuUsage(cpu);
    const count = answered - before;
    return { perSecond: (count / (performance.now() - began)) * 1_000, perProcessorSecond: (count / (user + system)) * 1e6 };
  };
}

/** Has the attacker begin that attack, or end the one that it is at. */
async function tell(attacker: ChildProcess, name: string): Promise<void> {
  attacker.send(name);
  await once(attacker, 'message');
}

/** The runner's process: answers every call. */
export async function serveAsRunner(info: string): Promise<void> {
  const link = await dial({ info: JSON.parse(info) as DialOptions['info'], manifest });
  link.open({
    frame: (frame) => {
      if (frame.kind === 'call') link.send({ kind: 'return', id: frame.id, value: Buffer.from('x'), held: false });
    },
    closed: () => process.exit(),
  });
  process.on('disconnect', () => process.exit());
}

/** The attacker's process. */
export function attackWhenTold(address: string): void {
  let over: AbortController | undefined;
  process.on('message', (name: string) => {
    over?.abort();
    if (name !== '') void attack({ address }, attacks[name]!, (over = new AbortController()).signal);
    process.send!('done');
  });
  process.on('disconnect', () => process.exit());
}
