import type { ReplicationClock } from 'nestjs-flame/rpc';

/** The log of a primary database, as a number that grows with each write. */
export class ReplicatedLog implements ReplicationClock {
  written = 0;
  /** Positions that the next reads get instead, in this order. */
  readonly told: string[] = [];
  /** How often the position was read. */
  reads = 0;
  /** What the next reads of the position throw. */
  trouble: Error | undefined;
  /** If set, reads wait for it. */
  held: Promise<void> | undefined;

  async position(): Promise<string> {
    this.reads++;
    await this.held;
    if (this.trouble) throw this.trouble;
    return this.told.shift() ?? String(this.written);
  }

  async reached(): Promise<void> {
    throw new Error('nothing is waited for in the primary region');
  }

  later(one: string, other: string): string {
    return Number(one) > Number(other) ? one : other;
  }
}

/** A replica of such a log, which replays when a test says so. */
export class LoggedReplica implements ReplicationClock {
  replayed = 0;
  /** The positions that are waited for. */
  readonly waiting = new Map<symbol, { at: number; resolve: () => void; reject: (error: unknown) => void }>();
  /** What waits reject with. */
  trouble: Error | undefined;

  async position(): Promise<string> {
    throw new Error('recovery is in progress');
  }

  reached(position: string, signal: AbortSignal): Promise<void> {
    if (this.trouble) return Promise.reject(this.trouble);
    return new Promise((resolve, reject) => {
      const key = Symbol();
      this.waiting.set(key, { at: Number(position), resolve, reject });
      signal.addEventListener('abort', () => {
        this.waiting.delete(key);
        reject(signal.reason as Error);
      });
      this.replay(this.replayed);
    });
  }

  later(one: string, other: string): string {
    return Number(one) > Number(other) ? one : other;
  }

  replay(to: number): void {
    this.replayed = to;
    for (const [key, { at, resolve }] of this.waiting) {
      if (at > to) continue;
      this.waiting.delete(key);
      resolve();
    }
  }
}
