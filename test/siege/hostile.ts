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
const rounds = 3;

/** What was served in a window: calls a second, and calls for a second of the parent's processor. */
interface Served {
  readonly perSecond: number;
  readonly perProcessorSecond: number;
}

/**
 * Attacks a parent's port on the network, from another process, while a runner, in a third one, is called all the time. Prints for each attack what
 * part of the calls is left. Says whether it was never less than half, for what the parent's processor could do.
 *
 * On a busy machine the calls a second are what the others leave; what the attack costs the parent is in the calls per second of its processor.
 */
export async function hostile(): Promise<boolean> {
  const rig = new WireRig('network');
  const info = await rig.info();
  const attached = rig.expect(info);
  const runner = fork(process.argv[1]!, ['runner', JSON.stringify(info)]);
  const attacker = fork(process.argv[1]!, ['attacker', info.address]);
  const measure = keepCalling((await attached).link);
  let held = true;
  try {
    console.log(
      'attack'.padEnd(32),
      'calls/s'.padStart(10),
      'beside it'.padStart(10),
      'ratio'.padStart(7),
      'per processor second'.padStart(22),
    );
    for (const name of Object.keys(attacks)) {
      const [alone, beside]: [Served[], Served[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        alone.push(await measure());
        await tell(attacker, name);
        beside.push(await measure());
        await tell(attacker, '');
      }
      const best = (of: Served[], which: keyof Served): number => Math.max(...of.map((served) => served[which]));
      const ratio = (which: keyof Served): number => best(beside, which) / best(alone, which);
      if (ratio('perProcessorSecond') < 0.5) held = false;
      const figures = [best(alone, 'perSecond').toFixed(0), best(beside, 'perSecond').toFixed(0)].map((text) => text.padStart(10));
      console.log(
        name.padEnd(32),
        ...figures,
        ratio('perSecond').toFixed(2).padStart(7),
        ratio('perProcessorSecond').toFixed(2).padStart(22),
      );
    }
  } finally {
    attacker.kill();
    runner.kill();
    await rig.close();
  }
  return held;
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
