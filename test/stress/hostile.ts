import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as elapsed } from 'node:timers/promises';
import { allowedProcessors, confine } from '../support/processors.js';
import { AttachRig } from '../support/attach-rig.js';
import { attack, attacks } from './attacks.js';
import { GoodRunner, type Served } from './good-runner.js';

/** How long each measurement takes, and how often both are made, in turn. */
const window = 1_000;
const rounds = 5;

/**
 * Attacks a parent's port on the network, from another process, while a runner, in a third one, is called all the time. Prints for each attack what
 * part of the calls is left, by the clock and for each second of the parent's processor, which is what the attack costs the parent: the medians of pairs of
 * measurements, one without the attack and one beside it. The parent has a processor to itself, as attackers on other hosts leave it one; the other two share
 * the rest. Says whether it was always half at least: of the latter, and by the clock where each of the three has a processor to itself.
 */
export async function hostile(only?: string): Promise<boolean> {
  const rig = new AttachRig('network');
  const runner = await GoodRunner.attach(rig);
  const attacker = fork(process.argv[1]!, ['attacker', (await rig.info()).address]);
  const processors = allowedProcessors();
  const [first, ...others] = processors as [number, ...number[]];
  if (others.length > 0) {
    confine(process.pid, [first]);
    for (const pid of [runner.pid, attacker.pid!]) confine(pid, others);
  }
  const measure = async (): Promise<Served> => {
    const served = runner.measure();
    await elapsed(window);
    return served();
  };
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
      if (median(byProcessor) < 0.5 || (others.length > 1 && median(byClock) < 0.5)) held = false;
      const calls = [alone, beside].map((served) => median(served.map(({ perSecond }) => perSecond)).toFixed(0));
      print(name, ...calls, ...[median(byClock), Math.min(...byClock), median(byProcessor)].map((ratio) => ratio.toFixed(2)));
    }
  } finally {
    confine(process.pid, processors);
    attacker.kill();
    runner.leave();
    await rig.close();
  }
  return held;
}

export function print(name: string, ...figures: string[]): void {
  console.log(name.padEnd(36), ...figures.map((figure) => figure.padStart(Math.max(10, figure.length))));
}

function median(of: readonly number[]): number {
  return [...of].sort((a, b) => a - b)[of.length >> 1]!;
}

/** Has the attacker begin that attack, or end the one that it is at. */
async function tell(attacker: ChildProcess, name: string): Promise<void> {
  attacker.send(name);
  await once(attacker, 'message');
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
