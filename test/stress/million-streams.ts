import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as elapsed } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { attachPath } from '../../libs/flame/src/transport/grpc/grpc-options.js';
import { helloPacket } from '../../libs/flame/src/transport/protocol/introduction.js';
import { type KindOfStream, kindsOfStreams } from '../support/kinds-of-streams.js';
import { OpenedStreams } from '../support/opened-streams.js';
import { call, message } from '../support/raw-http2.js';
import { flood, type Flooded } from '../support/stream-flood.js';
import { manifest, AttachRig } from '../support/attach-rig.js';
import { addressOf } from './attacks.js';
import { GoodRunner } from './good-runner.js';
import { print } from './hostile.js';

/** What the flooding process is told. */
interface FloodOptions {
  readonly address: string;
  readonly addresses: number;
  readonly kind: KindOfStream;
  readonly count: number;
  readonly connections: number;
  /** Whether it waits for answers. */
  readonly patient: boolean;
  /** What it introduces itself with, if it may come in. */
  readonly runner?: string;
  readonly token?: string;
  /** The longest time, in milliseconds. */
  readonly within: number;
}

/** One way in which streams come. */
interface Way {
  readonly reach: 'host' | 'network';
  readonly kind: KindOfStream;
  readonly count: number;
  readonly connections: number;
  readonly addresses?: number;
  readonly patient?: boolean;
  /** A runner that was let in opens them. */
  readonly letIn?: boolean;
  /** All of them have to have been opened; else the limits that hold keep the good runner at half its speed. */
  readonly all?: boolean;
}

const million = 1_000_000;
const ways: Readonly<Record<string, Way>> = {
  'clients of 40 addresses': { reach: 'network', kind: 'say nothing', count: million, connections: 40, addresses: 40 },
  'a runner that was let in': {
    reach: 'network',
    kind: 'ask for what there is not',
    // Some are lost with a connection that is dropped.
    count: 1.01 * million,
    connections: 1,
    patient: true,
    letIn: true,
    all: true,
  },
  'on this host': { reach: 'host', kind: 'ask for what there is not', count: million, connections: 10, patient: true, all: true },
  'on this host, that say nothing': { reach: 'host', kind: 'say nothing', count: million, connections: 10 },
};

/** How long those that are held up may go on, and all others. */
const [heldUp, atMost] = [40_000, 300_000];

/**
 * Opens a million streams in each way, beside a good runner. Prints how many left, how many were opened in the parent, and what it cost; says whether all
 * were opened where nothing bounds them, the good runner was served all along, and the parent's memory and handles are as before.
 */
export async function millionStreams(): Promise<boolean> {
  const opened = new OpenedStreams();
  let held = true;
  print(
    'a million streams',
    'sent',
    'opened',
    'answered',
    'over',
    'seconds',
    'ratio',
    'longest wait',
    'heap before',
    'after',
    'handles before',
    'after',
  );
  for (const [name, way] of Object.entries(ways)) held = (await runUnder(name, way, opened)) && held;
  opened.stop();
  return held;
}

async function runUnder(name: string, way: Way, opened: OpenedStreams): Promise<boolean> {
  const rig = new AttachRig(way.reach);
  const runner = await GoodRunner.attach(rig);
  const info = await rig.info();
  const attached = way.letIn ? rig.expect(info) : undefined;
  void attached?.then(({ link }) => link.open({ frame: () => {}, closed: () => {} }));
  const alone = runner.measure();
  await elapsed(2_000);
  const before = { ...alone(), heap: heap(), handles: process.getActiveResourcesInfo().length, opened: opened.count };
  const { address, token, runner: as } = info;
  const { kind, count, connections, addresses = 1, patient = false } = way;
  const options: FloodOptions = { address, kind, count, connections, addresses, patient, within: way.all ? atMost : heldUp };
  const flooder = fork(process.argv[1]!, ['flooder', JSON.stringify(way.letIn ? { ...options, runner: as, token } : options)]);
  const [beside, began] = [runner.measure(), performance.now()];
  const [result] = (await once(flooder, 'message')) as [Flooded];
  const [served, seconds] = [beside(), (performance.now() - began) / 1_000];
  // Connections that are dropped are seen to be, and what they were let go of.
  await elapsed(3_000);
  const came = opened.count - before.opened;
  const after = { heap: heap(), handles: process.getActiveResourcesInfo().length };
  const ratio = served.perProcessorSecond / before.perProcessorSecond;
  const figures = [
    result.sent,
    came,
    result.answered,
    result.connections,
    seconds.toFixed(0),
    ratio.toFixed(2),
    `${served.longestWait.toFixed(0)} ms`,
  ];
  print(name, ...[...figures, before.heap.toFixed(1), after.heap.toFixed(1), before.handles, after.handles].map(String));
  runner.leave();
  await rig.close();
  const calm = after.heap - before.heap < 10 && after.handles <= before.handles && served.longestWait < 2_000;
  return calm && (way.all ? came >= million : way.reach === 'host' || ratio >= 0.5);
}

/** MiB that are in use when all that nobody needs was collected, beside the heap, too. */
function heap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 / 1024;
}

/** The flooding process. */
export async function floodAsTold(told: string): Promise<void> {
  const { address, addresses, kind, count, connections, patient, runner, token, within } = JSON.parse(told) as FloodOptions;
  process.on('disconnect', () => process.exit());
  const about = { runner: runner!, manifest, pid: 1, host: '', node: '' };
  const none = new Uint8Array(0);
  const hello =
    token && Buffer.concat([call(1, attachPath), message(1, helloPacket({ runner: runner!, token, session: none, received: 0 }, about))]);
  const result = await flood({
    targets: Array.from({ length: addresses }, (_, number) => ({ address, from: addressOf(number) })),
    stream: kindsOfStreams[kind],
    count,
    connections,
    unanswered: patient ? undefined : Infinity,
    hello: hello || undefined,
    signal: AbortSignal.timeout(within),
  });
  process.send!(result, () => process.exit());
}
