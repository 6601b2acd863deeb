import { stripVTControlCharacters } from 'node:util';
import type { FlameBackend } from '../../backends/backend.js';
import type { Check } from '../../core/check.js';
import { FlameError } from '../../core/errors/flame-error.js';
import { badOption } from '../../core/options/option-reader.js';
import { examineRunner } from '../../pool/doctor/examination.js';
import type { DoctorMessage, DoctorRequest } from './doctor-request.js';
import type { PoolSet } from '../module/pool-set.js';

type Tell = (message: DoctorMessage) => void;

/** The signals that ask a process to end. */
const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs the examination in the app that doctor started: examines the pools, reports to doctor, and ends the process. Never resolves, so that
 * the app does not start to serve. It cleans up and ends when doctor is stopped.
 *
 * @throws {FlameError} FLAME_CONFIG in a process that doctor did not start.
 */
export async function runDoctor(pools: PoolSet, request: DoctorRequest): Promise<never> {
  if (!process.send)
    throw badOption(
      'FLAME_DOCTOR',
      'is set, but this process was not started by npx nestjs-flame doctor',
      'Unset it; the command sets it itself.',
    );
  const tell = (message: DoctorMessage, told?: () => void): void => void process.send!(message, undefined, undefined, told);
  const giveUp = new AbortController();
  const stop = (): void => giveUp.abort();
  process.once('disconnect', stop);
  // Nest's handlers would close the app during the examination.
  for (const signal of signals) process.removeAllListeners(signal).on(signal, stop);
  await examineApp(pools, request, tell, giveUp.signal);
  await pools.close();
  await new Promise<void>((resolve) => tell({ flame: 'doctor', type: 'over' }, resolve));
  return process.exit(0);
}

async function examineApp(pools: PoolSet, { pools: wanted, boot }: DoctorRequest, tell: Tell, signal: AbortSignal): Promise<void> {
  const { version } = pools.manifest;
  // `nestjs-flame/register` sets this. To import its module would load the compiler.
  const registered = Symbol.for('nestjs-flame:register') in globalThis;
  tell({ flame: 'doctor', type: 'app', version, node: process.versions.node, pools: [...pools.setups.keys()], registered });
  // A machine's output may contain colours.
  const report = (check: Check): void =>
    tell({ flame: 'doctor', type: 'check', check: { ...check, message: stripVTControlCharacters(check.message) } });
  for (const [name, setup] of pools.setups) {
    if (signal.aborted || wanted?.includes(name) === false) continue;
    const { backend } = setup;
    tell({ flame: 'doctor', type: 'pool', name, backend: backend.name });
    const checks = await examineBackend(pools, backend, signal);
    for (const check of checks) report(check);
    if (boot && checks.every(({ ok }) => ok)) await examineRunner(setup, report, signal);
  }
}

async function examineBackend(pools: PoolSet, backend: FlameBackend, signal: AbortSignal): Promise<readonly Check[]> {
  try {
    await pools.prepareOne(backend);
    return await backend.examine(signal);
  } catch (error) {
    if (error instanceof FlameError && error.code === 'FLAME_CONFIG') return [badlySet(error)];
    const fix = 'This is a defect of nestjs-flame or of the backend: please report it with this line.';
    return [{ name: 'backend', ok: false, message: `${backend.name} could not be examined: ${(error as Error).message}`, fix: fix }];
  }
}

/** The first sentence of an option's error says what is wrong, the rest is the fix. */
function badlySet({ message }: FlameError): Check {
  const end = message.indexOf('. ');
  if (end < 0) return { name: 'options', ok: false, message: message, fix: 'Correct the option.' };
  return { name: 'options', ok: false, message: message.slice(0, end), fix: message.slice(end + 2) };
}
