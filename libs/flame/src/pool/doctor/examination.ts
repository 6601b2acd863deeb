import type { BootRequest } from '../../backends/backend.js';
import type { BootError } from '../../core/errors/boot-error.js';
import type { Check } from '../../core/check.js';
import { ownCosts } from '../../system/process-costs.js';
import { bootRunner } from '../runners/boot.js';
import type { Boot, BootedRunner } from '../runners/boot.js';
import { bootRequest, expectAll, expectedRunners } from '../runners/boot-request.js';
import * as finding from './findings.js';
import type { PoolSetup } from '../pool-setup.js';
import { probe } from '../runners/probe.js';
import { RecentLines } from '../observe/recent-lines.js';

/**
 * Boots one runner as the pool does, but outside of the pool's state. It probes the runner, ends it, and checks whether anything is left.
 * It reports each finding at once.
 *
 * It owns the machine: when the promise resolves, nothing of the machine is left, or a finding says so. When `signal` aborts, it gives up
 * and cleans up.
 */
export async function examineRunner(setup: PoolSetup, report: (check: Check) => void, signal: AbortSignal): Promise<void> {
  const { backend, config, clock } = setup;
  let reached = '';
  const address: PoolSetup['address'] = async (...how) => {
    const parent = await setup.address(...how);
    reached = parent.address;
    return parent;
  };
  const began = clock.now();
  // One process is enough for the examination.
  // As in the pool, the limit begins again with each piece of code that is sent.
  let stopTimer = (): void => {};
  const limit = (): void => {
    stopTimer();
    stopTimer = clock.after(config.bootTimeout, () => boot.abandon(`no runner attached within bootTimeout (${config.bootTimeout} ms)`));
  };
  const boot = begin({ ...setup, config: { ...config, processes: 1 }, address }, limit);
  limit();
  const abandon = (): void => boot.abandon('the examination was aborted');
  signal.addEventListener('abort', abandon, { once: true });
  if (signal.aborted) abandon();

  let ended = false;
  let madeAt = began;
  const machine = await boot.made.catch(() => undefined);
  if (machine) {
    void machine.exited.then(() => (ended = true));
    madeAt = clock.now();
    report(finding.made(machine, madeAt - began));
  }
  const booted = await boot.up.catch((error: BootError) => {
    report(finding.notBooted(error, { ended, reached, bootTimeout: config.bootTimeout }));
  });
  stopTimer();
  signal.removeEventListener('abort', abandon);
  if (booted) {
    report(finding.attached(reached, clock.now() - madeAt));
    report(finding.versions(booted.attachment.hello, setup.manifest));
    await converse(booted, setup, reached, report);
    await end(booted, setup, report);
  } else await boot.cleared;
  if (backend.machines) report(finding.left(await backend.machines()));
}

/** `shipping` is called when a piece of the app's code has been sent. */
function begin(setup: PoolSetup, shipping: () => void): Boot {
  const { backend, config, parent, attachServer } = setup;
  const runner = `${config.name}-${parent}-doctor`;
  const expected = expectedRunners(runner, setup);
  const lines = new RecentLines();
  const printed: BootRequest['output'] = (line, stream) => {
    lines.add(line);
    setup.output(line, stream, config.name, runner);
  };
  return bootRunner(
    backend,
    (signal) => bootRequest(setup, expected, signal, { output: printed, shipping }),
    (signal) => expectAll(attachServer, expected, signal),
    () => lines.lines,
  );
}

async function converse(
  { attachment }: BootedRunner,
  { clock }: PoolSetup,
  reached: string,
  report: (check: Check) => void,
): Promise<void> {
  try {
    const { roundTrip, ahead, costs } = await probe(attachment.link, clock);
    report(finding.answered(roundTrip));
    report(finding.clocks(ahead, roundTrip));
    if (!costs) return;
    const own = ownCosts(reached);
    report(finding.memory(costs, own));
    report(finding.connections(costs, own));
  } catch (error) {
    report(finding.silent((error as Error).message));
  }
}

/** Ends the runner as a pool ends an idle runner. */
async function end({ machine, attachment }: BootedRunner, { config, clock }: PoolSetup, report: (check: Check) => void): Promise<void> {
  const began = clock.now();
  attachment.link.send({ type: 'leave', grace: config.shutdownTimeout, reason: 'its examination has ended' });
  await machine.stop(config.shutdownTimeout);
  attachment.link.drop('its examination has ended');
  report(finding.gone(await machine.exited, clock.now() - began, config.shutdownTimeout));
}
