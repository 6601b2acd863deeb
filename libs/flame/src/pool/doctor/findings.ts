import type { Machine, MachineExit } from '../../backends/backend.js';
import type { BootError } from '../../core/errors/boot-error.js';
import type { Check } from '../../core/check.js';
import type { Manifest } from '../../core/manifest.js';
import type { Hello } from '../../transport/session/link.js';
import type { ProcessCosts } from '../../system/process-costs.js';

/** In milliseconds. With a larger difference, logs and expiring tokens of the two hosts do not fit together. */
const clocksApart = 1_000;

/** Further addresses are only counted. */
const mostAddresses = 5;

/** Formats a duration. */
export function took(time: number): string {
  if (time < 10) return `${time.toFixed(1)} ms`;
  return time < 1_000 ? `${Math.round(time)} ms` : `${(time / 1_000).toFixed(1)} s`;
}

export function made(machine: Machine, time: number): Check {
  return { name: 'boot', ok: true, message: `${machine.id} was started in ${took(time)}` };
}

export function attached(address: string, time: number): Check {
  const where = address === 'memory' ? 'attached in memory' : `reached this process at ${address}`;
  return { name: 'attach', ok: true, message: `its runner ${where} after another ${took(time)}` };
}

/** The facts about a failed boot. */
export interface FailedBoot {
  /** True if the machine ended by itself. */
  readonly ended: boolean;
  /** The address to which the runner was told to attach; '' if the boot failed before that. */
  readonly reached: string;
  readonly bootTimeout: number;
}

/** @param error the error of `bootRunner`, with the machine's last lines */
export function notBooted(error: BootError, boot: FailedBoot): Check {
  const making = error.phase === 'create' || error.phase === 'start';
  const name = making ? 'boot' : error.phase === 'handshake' ? 'versions' : 'attach';
  return { name, ok: false, message: error.message, fix: cure(error, boot) };
}

function cure({ phase, fatal }: BootError, { ended, reached, bootTimeout }: FailedBoot): string {
  if (phase === 'handshake') return 'Run the same build of the app on both sides: build and deploy its image or its files again.';
  if (phase === 'attach') {
    if (ended) return "Read the machine's last lines. The app must start there as it does here, with the same files and environment.";
    return `Make ${reached} reachable from the machines: open the port in between, set FlameModule's options host and port, or raise the pool's bootTimeout (${bootTimeout} ms).`;
  }
  if (fatal) return 'Correct the setting that the platform reports: retries would fail in the same way.';
  return 'A retry may succeed: pools retry while calls wait, with pauses of 1 to 30 s.';
}

export function versions(hello: Hello, manifest: Manifest, own = process.versions.node): Check {
  const { version, handlers, digest } = manifest;
  const same = `nestjs-flame ${version} and ${handlers.length} handler${handlers.length === 1 ? '' : 's'} (digest ${digest.slice(0, 8)}) on both sides`;
  if (hello.node === own) return { name: 'versions', ok: true, message: `Node ${own}, ${same}` };
  const found = `Node ${own} here, but ${hello.node} on the runner; ${same}`;
  if (hello.node.split('.')[0] === own.split('.')[0]) return { name: 'versions', ok: true, message: found };
  return {
    name: 'versions',
    ok: false,
    message: found,
    fix: 'Run parent and runners on the same version of Node: use the same base image for both.',
  };
}

export function answered(roundTrip: number): Check {
  return { name: 'call', ok: true, message: `the runner answers within ${took(roundTrip)}` };
}

export function silent(why: string): Check {
  return {
    name: 'call',
    ok: false,
    message: `the runner attached, but then ${why}`,
    fix: "Look in the runner's log for an exit or a blocked event loop just after its start, and check for a proxy that ends long connections.",
  };
}

export function clocks(ahead: number, roundTrip: number): Check {
  const apart = Math.abs(ahead);
  const exact = `to within ${took(Math.max(1, roundTrip / 2))}`;
  if (apart <= Math.max(1, roundTrip / 2)) return { name: 'clocks', ok: true, message: `the clocks agree ${exact}` };
  const found = `the runner's clock is ${took(apart)} ${ahead > 0 ? 'ahead' : 'behind'}, ${exact}`;
  if (apart <= clocksApart) return { name: 'clocks', ok: true, message: found };
  const fix = 'Synchronise the clocks of both hosts (NTP). Otherwise log times and expiring tokens do not match.';
  return { name: 'clocks', ok: false, message: found, fix: fix };
}

/** The memory of the runner, compared with this process, which has initialised no module of the app. */
export function memory(runner: ProcessCosts, own: ProcessCosts): Check {
  const text = ({ memory: all, heap }: ProcessCosts, where: string): string => `${mebibytes(all)} ${where} (heap ${mebibytes(heap)})`;
  const figures = { runner: { memory: runner.memory, heap: runner.heap }, here: { memory: own.memory, heap: own.heap } };
  return { name: 'memory', ok: true, message: `${text(runner, 'on the runner')}, ${text(own, 'here')}`, figures };
}

/** The connections of the runner's modules: to databases, brokers and other services. */
export function connections(runner: ProcessCosts, own: ProcessCosts): Check {
  const found = `open TCP connections: ${opened(runner, 'on the runner')}, ${opened(own, 'here')}`;
  return { name: 'sockets', ok: true, message: found, figures: { runner: runner.connections, here: own.connections } };
}

function opened({ connections: all }: ProcessCosts, where: string): string {
  if (all === null) return `unknown ${where}, as the system does not report them`;
  const to = Object.entries(all).sort(([, a], [, b]) => b - a);
  if (to.length === 0) return `none ${where}`;
  const shown = to.slice(0, mostAddresses).map(([address, count]) => `${count} to ${address}`);
  if (to.length > mostAddresses) shown.push(`and ${to.length - mostAddresses} more addresses`);
  return `${to.reduce((sum, [, count]) => sum + count, 0)} ${where} (${shown.join(', ')})`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}

export function gone(exit: MachineExit, time: number, shutdownTimeout: number): Check {
  const found = `the machine was gone ${took(time)} after the request to stop: ${exit.text}`;
  if (exit.signal !== 'SIGKILL') return { name: 'stop', ok: true, message: found };
  const fix = `Check the app's shutdown hooks: they took longer than shutdownTimeout (${shutdownTimeout} ms), so the machine was killed.`;
  return { name: 'stop', ok: false, message: found, fix: fix };
}

export function left(machines: readonly string[]): Check {
  if (machines.length === 0) return { name: 'left', ok: true, message: 'no machine is left on the platform' };
  return {
    name: 'left',
    ok: false,
    message: `the platform still has ${machines.join(', ')}`,
    fix: 'Remove them by hand, or start the app again, which removes them.',
  };
}
