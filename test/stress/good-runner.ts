import { type ChildProcess, fork } from 'node:child_process';
import { dial, type DialOptions } from '../../libs/flame/src/transport/attach/attach-client.js';
import type { Link } from '../../libs/flame/src/transport/session/link.js';
import { manifest, type AttachRig } from '../support/attach-rig.js';

/** Calls under way at once. */
const callers = 16;

/** What was served in a time: calls a second, calls for a second of this process's processor, and the longest time in which none was answered, in milliseconds. */
export interface Served {
  readonly perSecond: number;
  readonly perProcessorSecond: number;
  readonly longestWait: number;
}

/** A runner in a process of its own, which is called all the time. */
export class GoodRunner {
  readonly #process: ChildProcess;
  readonly #link: Link;
  #id = 0;
  #answered = 0;
  #last = performance.now();
  #longestWait = 0;

  private constructor(child: ChildProcess, link: Link) {
    this.#process = child;
    this.#link = link;
    link.open({
      frame: () => {
        this.#note();
        this.#answered++;
        this.#call();
      },
      closed: ({ how, reason }) => how === 'closed' || console.log(`the good runner's session is over: ${reason}`),
    });
    for (let i = 0; i < callers; i++) this.#call();
  }

  static async attach(rig: AttachRig): Promise<GoodRunner> {
    const info = await rig.info();
    const attached = rig.expect(info);
    const child = fork(process.argv[1]!, ['runner', JSON.stringify(info)]);
    return new GoodRunner(child, (await attached).link);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Begins a measurement; what it gives ends it. */
  measure(): () => Served {
    const [before, began, cpu] = [this.#answered, performance.now(), process.cpuUsage()];
    this.#longestWait = 0;
    this.#last = began;
    return () => {
      this.#note();
      const { user, system } = process.cpuUsage(cpu);
      const count = this.#answered - before;
      return {
        perSecond: (count / (performance.now() - began)) * 1_000,
        perProcessorSecond: (count / (user + system)) * 1e6,
        longestWait: this.#longestWait,
      };
    };
  }

  leave(): void {
    this.#process.kill();
  }

  #note(): void {
    const now = performance.now();
    this.#longestWait = Math.max(this.#longestWait, now - this.#last);
    this.#last = now;
  }

  #call(): void {
    const id = ++this.#id;
    this.#link.send({ type: 'call', id, handler: 0, args: Buffer.from('x'), mode: 'call', handlerTimeout: 0, linked: true, attempt: 1 });
  }
}

/** The runner's process: answers every call. */
export async function serveAsRunner(info: string): Promise<void> {
  const link = await dial({ info: JSON.parse(info) as DialOptions['info'], manifest });
  link.open({
    frame: (frame) => {
      if (frame.type === 'call') link.send({ type: 'return', id: frame.id, value: Buffer.from('x'), held: false });
    },
    closed: () => process.exit(),
  });
  process.on('disconnect', () => process.exit());
}
