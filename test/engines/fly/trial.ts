import { join } from 'node:path';
import { FlyBackend } from 'nestjs-flame/fly';
import type { FlyBackendOptions } from 'nestjs-flame/fly';
import { runnerEntry } from '../../support/trial-backends.js';
import type { TrialBackend } from '../../support/trial-backends.js';
import { FlyStandIn } from './stand-in.js';
import type { StandInMachine } from './stand-in-machine.js';

/** A token that would be seen wherever it got out. */
export const token = 'FlyV1 fm2_distinctive-token-0123456789';
export const images = {
  'rules:1': { file: process.execPath, args: [runnerEntry] },
  'machine:1': { file: process.execPath, args: [join(import.meta.dirname, '../../support/programs/machine.mjs')] },
};

let apps = 0;

/** Options for an app of its own, whose limits nobody else uses up. Its parent is this process, under the loopback address of Fly's own family. */
export function optionsFor(standIn: FlyStandIn, image: keyof typeof images, options: FlyBackendOptions = {}): FlyBackendOptions {
  const app = `flame-${process.pid}-${++apps}`;
  return { host: standIn.host, token, app, region: 'fra', image, parentHostname: '::1', memoryMb: 1_024, ...options };
}

const standIn = await FlyStandIn.start({ token, images });

function machineOf(id: string): StandInMachine {
  return standIn.machines.get(id)!;
}

/** The conformance suite's runners as machines of the stand-in. */
export const trial: TrialBackend = {
  name: 'fly stand-in',
  isolated: true,
  // They are on this host, and a Fly Machine's would not be.
  onHost: false,
  make: () => new FlyBackend(optionsFor(standIn, 'rules:1')),
  signal: async (machine, signal) => void process.kill(machineOf(machine).pid, signal),
  gone: async (machine) => machineOf(machine).state === 'destroyed',
};
