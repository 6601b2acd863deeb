import type { Clock } from '../../core/clock.js';
import type { Frame } from '../../core/session/frame.js';
import { readCosts } from '../../system/process-costs.js';
import type { ProcessCosts } from '../../system/process-costs.js';
import type { Link, LinkEnd, LinkReceiver } from '../../transport/session/link.js';

/** The result of a probe. */
export interface ProbeResult {
  /** The shortest round trip, in milliseconds. */
  readonly roundTrip: number;
  /** How far the runner's wall clock is ahead of the local one, in milliseconds, with an accuracy of half the round trip. */
  readonly ahead: number;
  /** The costs of the runner's process; undefined if it is this process. */
  readonly costs?: ProcessCosts;
}

/** The number of probes. The shortest round trip gives the most accurate clock difference. */
const rounds = 5;
/** Time for one answer, in milliseconds. */
const answerLimit = 5_000;

/**
 * Measures the round trip to a runner that has just attached, and reads its clock. It opens the link, so no other code may.
 *
 * The clocks are compared as in NTP: the runner's reading belongs to the middle of the round trip.
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

/** The receiver of the link. It waits for one answer at a time. */
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
    // The process stats of the runner arrive in the same kind of frame. They are not costs.
    if (frame.type === 'stats') this.costs = readCosts(frame.text) ?? this.costs;
    if (frame.type === 'probed' && frame.id === this.#id) this.#resolve(frame.time);
  }

  closed(end: LinkEnd): void {
    this.#over = `its connection ended: ${end.reason}`;
    this.fail(this.#over);
  }
}
