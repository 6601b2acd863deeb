import type { Frame } from '../../core/session/frame.js';
import type { Link, LinkEnd, LinkReceiver } from '../../transport/session/link.js';

/** One process of a machine: its session and its work. */
interface Branch {
  readonly link: Link;
  readonly ids: Set<number>;
  suspended: boolean;
  over: boolean;
}

/**
 * Combines the sessions of a machine's processes into one link. For the pool it is one runner, however many processes share its slots. A
 * new call goes to the process with the least work. All later frames of the call follow it there. If one process dies alone, its calls are
 * lost, the other processes finish theirs, and the machine takes no more calls.
 */
export class MultiProcessLink implements Link {
  readonly #branches: readonly Branch[];
  readonly #homes = new Map<number, Branch>();
  #receiver: LinkReceiver | undefined;
  /** How many processes have not answered the current `ask`, and whether all answers so far agreed. */
  #asked = 0;
  #agreed = true;
  #leaving = false;
  #over = false;

  /** `links` are in the order of the processes. The first process is the one with which the machine was started. */
  constructor(links: readonly Link[]) {
    this.#branches = links.map((link) => ({ link, ids: new Set(), suspended: false, over: false }));
  }

  get backlog(): number {
    return this.#branches.reduce((sum, { link }) => sum + link.backlog, 0);
  }

  send(frame: Frame): void {
    switch (frame.type) {
      case 'call': {
        const home = frame.child ? this.#homes.get(frame.child) : this.#leastLoaded();
        if (!home) return;
        home.ids.add(frame.id);
        this.#homes.set(frame.id, home);
        return home.link.send(frame);
      }
      case 'ask':
        this.#asked = this.#alive.length;
        this.#agreed = true;
        return this.#toAll(frame);
      case 'leave':
        return this.#toAll(frame);
      default:
        if ('id' in frame) this.#homes.get(frame.id)?.link.send(frame);
    }
  }

  open(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    for (const branch of this.#branches) {
      branch.link.open({
        frame: (frame) => this.#frame(branch, frame),
        closed: (end) => this.#closed(branch, end),
        suspended: () => this.#setSuspended(branch, true),
        resumed: () => this.#setSuspended(branch, false),
      });
    }
  }

  async close(reason: string): Promise<void> {
    this.#over = true;
    await Promise.all(this.#branches.map(({ link }) => link.close(reason)));
  }

  drop(reason: string): void {
    this.#over = true;
    for (const { link } of this.#branches) link.drop(reason);
  }

  get #alive(): readonly Branch[] {
    return this.#branches.filter(({ over }) => !over);
  }

  #leastLoaded(): Branch | undefined {
    let least: Branch | undefined;
    for (const branch of this.#branches) {
      if (!branch.over && (!least || branch.ids.size < least.ids.size)) least = branch;
    }
    return least;
  }

  #toAll(frame: Frame): void {
    for (const { link } of this.#alive) link.send(frame);
  }

  #frame(branch: Branch, frame: Frame): void {
    switch (frame.type) {
      case 'consent':
        return this.#consent(frame.yes);
      case 'leaving':
        return this.#leave(branch, frame.reason);
      case 'return':
      case 'throw':
      case 'refuse':
        this.#receiver!.frame(frame);
        if (!frame.held) this.#forget(branch, frame.id);
        return;
      case 'ended':
        this.#receiver!.frame(frame);
        return this.#forget(branch, frame.id);
      default:
        this.#receiver!.frame(frame);
    }
  }

  #consent(yes: boolean): void {
    this.#agreed &&= yes;
    this.#asked -= 1;
    if (this.#asked === 0) this.#receiver!.frame({ type: 'consent', yes: this.#agreed });
  }

  /**
   * A process leaves, so the machine takes no more calls. The first process also reports with this frame that another process has died:
   * that is the one whose connection is suspended then.
   */
  #leave(branch: Branch, reason: string): void {
    if (!this.#leaving) this.#receiver!.frame({ type: 'leaving', reason });
    this.#leaving = true;
    if (branch !== this.#branches[0]) return;
    for (const other of this.#branches) if (other.suspended) other.link.drop(reason);
  }

  #setSuspended(branch: Branch, suspended: boolean): void {
    const before = this.#branches.some((one) => one.suspended);
    branch.suspended = suspended;
    const after = this.#branches.some((one) => one.suspended);
    if (after === before) return;
    if (after) this.#receiver!.suspended?.();
    else this.#receiver!.resumed?.();
  }

  #closed(branch: Branch, end: LinkEnd): void {
    branch.over = true;
    if (this.#alive.length === 0) return this.#receiver!.closed(end);
    if (this.#over) return;
    if (branch.suspended) this.#setSuspended(branch, false);
    if (branch.ids.size > 0 || !this.#leaving) this.#lose(branch, end.reason);
  }

  #lose(branch: Branch, how: string): void {
    const reason = `one of its ${this.#branches.length} processes ended: ${how}`;
    for (const id of branch.ids) {
      this.#receiver!.frame({ type: 'refuse', id, code: 'FLAME_LOST', ran: 'maybe', reason: `the call was lost: ${reason}`, held: false });
      this.#homes.delete(id);
    }
    branch.ids.clear();
    if (!this.#leaving) this.#receiver!.frame({ type: 'leaving', reason });
    this.#leaving = true;
  }

  #forget(branch: Branch, id: number): void {
    branch.ids.delete(id);
    this.#homes.delete(id);
  }
}
