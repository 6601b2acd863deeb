import type { Clock } from '../../core/clock.js';
import type { Frame } from '../../core/session/frame.js';
import { readCosts } from '../../system/process-costs.js';
import type { ProcessCosts } from '../../system/process-costs.js';
import type { Link, LinkEnd, LinkReceiver } from '../../transport/session/link.js';

/** What probing a runner showed. */
export interface ProbeResult {
  /** The shortest way there and back, in milliseconds. */
  readonly roundTrip: number;
  /** By how much the runner's wall clock is ahead of ours, in milliseconds; exact to half the round trip. */
  readonly ahead: number;
  /** What the runner's process takes; undefined where it is this one. */
  readonly costs?: ProcessCosts;
}

/** How often a runner is asked: the shortest round trip tells most about its clock. */
const rounds = 5;
/** Time for one answer. */
const answerLimit = 5_000;

/**
 * Asks a runner that has just attached whether it is there, and what time it has. It takes the link's frames; nobody else may.
 *
 * The clocks are compared as NTP does it: the runner's reading belongs to the middle of the round trip.
 */
export async function probe(link: Link, clock: Clock, wallClock: () => number = Date.now): Promise<ProbeResult> {
  const answers = new Answers();
  link.open(answers);
  let best: ProbeResult = { roundTrip: Infinity, ahead: 0 };
  for (let id = 1; id <= rounds; id++) {
    const late = clock.after(answerLimit, () => answers.fail(`it did not answer within ${answerLimit} ms`));
    try {
      const answer = answers.next(id);
      const [sentAt, wallAt] = [clock.now(), wallClock()];
      link.send({ type: 'probe', id });
      const time = await answer;
      const roundTrip = clock.now() - sentAt;
      if (roundTrip < best.roundTrip) best = { roundTrip, ahead: time - (wallAt + roundTrip / 2) };
    } finally {
      late();
    }
  }
  return { ...best, costs: answers.costs };
}

/** The link's receiver: one answer is awaited at a time. */
class Answers implements LinkReceiver {
  #id = 0;
  #resolve: (time: number) => void = () => {};
  #reject: (error: Error) => void = () => {};
  #over: string | undefined;
  costs: ProcessCosts | undefined;

  next(id: number): Promise<number> {
    this.#id = id;
    return new Promise((resolve, reject) => {
      [this.#resolve, this.#reject] = [resolve, reject];
      if (this.#over !== undefined) this.fail(this.#over);
    });
  }

  fail(why: string): void {
    this.#reject(new Error(why));
  }

  frame(frame: Frame): void {
    // Its stats come as well, and are no costs.
    if (frame.type === 'stats') this.costs = readCosts(frame.text) ?? this.costs;
    if (frame.type === 'probed' && frame.id === this.#id) this.#resolve(frame.time);
  }

  closed(end: LinkEnd): void {
    this.#over = `its connection ended: ${end.reason}`;
    this.fail(this.#over);
  }
}
