import { BootError } from '../../libs/flame/src/core/errors/boot-error.js';
import { PoolCall } from '../../libs/flame/src/core/pool/entries.js';
import type { PoolAction, PoolFact } from '../../libs/flame/src/core/pool/facts.js';
import { PoolMachine } from '../../libs/flame/src/core/pool/machine.js';
import type { PoolRules } from '../../libs/flame/src/core/pool/rules.js';

/** The default rules of a pool in tests. */
export const rules: PoolRules = {
  name: 'p',
  min: 0,
  max: 2,
  maxConcurrency: 1,
  singleUse: false,
  bootTimeout: 1_000,
  shutdownTimeout: 500,
  idleAfter: 100,
  minIdleAfter: Infinity,
  maxQueue: 100,
  headroom: 0,
  strategy: 'spread',
  maxLifetime: Infinity,
};

/** The time limits of a call in a transcript. */
export interface ScriptedCall {
  wait?: number;
  run?: number;
  overall?: number;
  linked?: boolean;
}

/**
 * Drives a pool machine step by step, and records its actions, one line for each. Calls are named by letters, runners r1, r2 …
 */
export class PoolTranscript {
  readonly machine: PoolMachine;
  readonly calls = new Map<string, PoolCall>();
  readonly errors = new Map<string, Error>();
  /** Why boots were given up, by runner. */
  readonly givenUp = new Map<string, string>();
  now = 0;

  constructor(options: Partial<PoolRules> = {}) {
    this.machine = new PoolMachine(
      { ...rules, ...options },
      (number) => `r${number}`,
      () => 0,
    );
  }

  /** Advances the time to `now`, with a tick at each deadline before that. */
  at(now: number): string[] {
    const lines: string[] = [];
    while (this.machine.nextDeadline <= now) {
      this.now = Math.max(this.now, this.machine.nextDeadline);
      lines.push(...this.tell({ type: 'tick' }));
    }
    this.now = now;
    return lines;
  }

  call(name: string, options: ScriptedCall = {}): string[] {
    const { wait = 1_000, run = 1_000, overall = Infinity, linked = true } = options;
    const call = new PoolCall(this.calls.size + 1, name, wait, run, overall, linked);
    this.calls.set(name, call);
    return this.tell({ type: 'call', call });
  }

  ended(name: string): string[] {
    return this.tell({ type: 'ended', call: this.calls.get(name)! });
  }

  held(name: string): string[] {
    return this.tell({ type: 'held', call: this.calls.get(name)! });
  }

  streaming(name: string): string[] {
    return this.tell({ type: 'held', call: this.calls.get(name)!, streaming: true });
  }

  abandoned(name: string): string[] {
    return this.tell({ type: 'abandoned', call: this.calls.get(name)!, reason: 'its consumer left' });
  }

  bounced(name: string): string[] {
    return this.tell({ type: 'bounced', call: this.calls.get(name)! });
  }

  abort(name: string, reason = 'the caller left'): string[] {
    return this.tell({ type: 'abort', call: this.calls.get(name)!, reason });
  }

  up(...runners: string[]): string[] {
    return runners.flatMap((runner) => this.tell({ type: 'up', runner }));
  }

  /** A boot fails and its machine is gone. */
  fail(runner: string, options: { fatal?: boolean } = {}): string[] {
    const error = new BootError('no luck', { phase: 'create', ...options });
    return [...this.tell({ type: 'boot-failed', runner, error }), ...this.tell({ type: 'gone', runner })];
  }

  gone(...runners: string[]): string[] {
    return runners.flatMap((runner) => this.tell({ type: 'gone', runner }));
  }

  /** The runner's machine gets `sent` of 100 bytes of the app's code. */
  shipping(runner: string, sent: number): string[] {
    return this.tell({ type: 'shipping', runner, sent, total: 100 });
  }

  down(runner: string, how = 'exit code 1'): string[] {
    return this.tell({ type: 'down', runner, how });
  }

  consent(runner: string, yes = true): string[] {
    return this.tell({ type: 'consent', runner, yes });
  }

  tell(fact: PoolFact): string[] {
    return this.machine.step(fact, this.now).map((action) => {
      if (action.type === 'give-up') this.givenUp.set(action.runner, action.why);
      return this.#line(action);
    });
  }

  #line(action: PoolAction): string {
    switch (action.type) {
      case 'run':
        return `run ${action.call.label} on ${action.runner}`;
      case 'cancel':
        return `cancel ${action.call.label} on ${action.runner} (${action.cause})`;
      case 'reject':
        this.errors.set(action.call.label, action.error);
        return `reject ${action.call.label}: ${action.error.code}, ran ${action.error.ran}`;
      case 'boot':
        return `boot ${action.runner} (${action.count})`;
      case 'grown':
        return `grown ${action.runner}: ${action.error ? 'failed' : 'ok'} (${action.count})`;
      case 'shrunk':
        return `shrunk ${action.runner} (${action.count})`;
      case 'started':
        return action.error ? `started: ${action.error.message}` : 'started';
      case 'drained':
        return 'drained';
      default:
        return `${action.type} ${action.runner}`;
    }
  }
}
