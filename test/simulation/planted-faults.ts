import type { PlantedFault } from '../support/planted-fault.js';

/** A fault that the simulation must detect. */
export interface SimulatedFault extends PlantedFault {
  /** If the simulation found this fault as a real bug: the seeds of worlds that show it, which are kept as tests. */
  readonly worlds?: readonly number[];
}

/** The faults that the simulation must detect. Each is a mistake that somebody could make. */
export const plantedFaults: readonly SimulatedFault[] = [
  { name: 'nothing is sent again after a cut', file: 'core/session/session.ts', piece: 'return [...this.#kept];', instead: 'return [];' },
  {
    name: 'packets are forgotten before they are confirmed',
    file: 'core/session/session.ts',
    piece: 'this.#kept.push(packet);',
    instead: 'this.#kept.push(packet); if (this.#kept.length > 1) { this.#kept.shift(); this.#confirmed++; }',
  },
  {
    name: 'a session without a connection never ends',
    file: 'transport/session/session-link.ts',
    piece: '    this.#armTimer(why);\n    this.#scope',
    instead: '    this.#scope',
  },
  {
    name: 'a runner whose welcome was lost cannot attach again',
    file: 'transport/attach/attach-service.ts',
    piece: 'if (known?.token !== undefined && sameSecret',
    instead: 'if (false && sameSecret',
    worlds: [6, 51],
  },
  {
    name: 'machines that are not confirmed gone do not count against max',
    file: 'core/pool/growth.ts',
    piece: 'view.max - view.machines',
    instead: 'view.max - view.ready - view.booting',
  },
  {
    name: 'the unlinked calls of a lost runner are forgotten',
    file: 'core/pool/calls.ts',
    piece: 'if (awaited) state.reject(call, errors.lost',
    instead: 'if (awaited && call.linked) state.reject(call, errors.lost',
  },
  {
    name: 'the calls of a lost runner are not rejected',
    file: 'core/pool/runners.ts',
    piece: '    this.calls.lose(runner, how);\n',
    instead: '',
  },
  {
    name: 'a call that waited too long is not rejected',
    file: 'core/pool/calls.ts',
    piece: 'state.reject(call, errors.waitedTooLong(call, state.view(), state.now));',
    instead: '',
  },
  {
    name: 'a single-use runner is used again',
    file: 'core/pool/entries.ts',
    piece: 'if (this.singleUse) return this.served === 0 ? 1 : 0;',
    instead: '',
  },
  {
    name: 'a runner gets one call more than it has slots',
    file: 'core/pool/entries.ts',
    piece: 'return this.slots - this.calls.size;',
    instead: 'return this.slots + 1 - this.calls.size;',
  },
  {
    name: 'a slot is free before the runner confirms the end',
    file: 'core/pool/calls.ts',
    piece: "this.#state.act({ type: 'cancel', call, runner: call.runner!.id, cause, reason });",
    instead: "this.#state.act({ type: 'cancel', call, runner: call.runner!.id, cause, reason }); this.#state.release(call, call.runner!);",
  },
  {
    name: 'a drain does not refuse waiting calls',
    file: 'core/pool/machine.ts',
    piece: 'this.#calls.refuseWaiting((call) => errors.draining(call, state.view(), reason));',
    instead: '',
  },
  { name: 'a failed boot leaves its machine', file: 'pool/runners/boot.ts', piece: '      await machine?.stop(0);\n', instead: '' },
  {
    name: 'a pool does not boot again after failures',
    file: 'core/pool/runners.ts',
    piece: 'state.setDeadline(state.retry, state.now + pauseAfter(this.#failures, this.#random));',
    instead: 'state.retry.at = Infinity;',
  },
  {
    name: 'idle runners are kept',
    file: 'core/pool/runners.ts',
    piece: '(this.#surplus > 0 && now >= surplusAt)',
    instead: 'false',
  },
  {
    name: 'a runner outlives its parent',
    file: 'runner/host/runner-host.ts',
    piece: '    this.#executor?.abortLinked(reason);\n    void this.leave(this.#setup.info.shutdownTimeout, reason);',
    instead: '    this.#executor?.abortLinked(reason);',
  },
  {
    name: 'a leaving runner ends before its parent knows that it leaves',
    file: 'runner/host/runner-host.ts',
    piece: 'if (this.#executor) await this.#within(this.#lifeline ? Infinity : info.reconnectTimeout, this.#dismissed);',
    instead: '',
  },
  {
    name: 'a runner ignores a signal while it attaches',
    file: 'runner/host/runner-host.ts',
    piece: 'await this.#attached?.catch(() => undefined);',
    instead: '',
    worlds: [12, 60],
  },
  {
    name: 'a repeated call ignores that an earlier attempt may have run',
    file: 'pool/calls/repeated.ts',
    piece: "mayHaveRun ||= (error as FlameError).ran !== 'no';",
    instead: '',
    worlds: [14, 70],
  },
  {
    name: 'a paused pool continues to serve calls',
    file: 'core/pool/calls.ts',
    piece: '    if (pauseReason !== undefined) return;\n',
    instead: '',
  },
  {
    name: 'an AbortError at the deadline of a clock that is ahead replaces FLAME_TIMEOUT',
    file: 'runner/executor/executor.ts',
    piece: "error === reason || (error instanceof Error && error.name === 'AbortError' && error.cause === reason)",
    instead: 'error === reason',
    worlds: [17, 27],
  },
  {
    name: 'a stream is not closed when its reader has stopped',
    file: 'streams/outgoing.ts',
    piece: 'if (this.#window.opened) this.halt();',
    instead: 'if (this.#window.opened) this.finished();',
  },
  {
    name: 'a drained runner has no time limit for its work',
    file: 'core/pool/runners.ts',
    piece: 'state.setDeadline(runner.drainEnd, state.now + state.rules.shutdownTimeout);',
    instead: '',
  },
  {
    name: 'runners that headroom needs idle out, and others are booted for them',
    file: 'core/pool/runners.ts',
    piece: 'return headroom === 0 ? beyondMin : Math.min(beyondMin, Math.floor((readyRunners.free - headroom) / slots) - this.#asked);',
    instead: 'return beyondMin;',
    worlds: [23, 44],
  },
];
