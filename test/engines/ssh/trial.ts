import { chmodSync } from 'node:fs';
import { afterAll } from 'vitest';
import { SshBackend } from 'nestjs-flame/ssh';
import { isAlive } from '../../support/process-table.js';
import { SshServer } from '../../support/ssh-server.js';
import { marksFolder, runnerEntry } from '../../support/trial-backends.js';
import type { TrialBackend } from '../../support/trial-backends.js';

// Runners are of another user.
chmodSync(marksFolder, 0o1777);
const servers = await Promise.all([SshServer.start(), SshServer.start()]);
afterAll(() => Promise.all(servers.map((server) => server.close())));

function pidOf(machine: string): number {
  return Number(/ pid (\d+)$/.exec(machine)![1]);
}

/** The conformance suite's runners on two hosts, which share this machine's processes and files. */
export const trial: TrialBackend = {
  name: 'ssh',
  isolated: true,
  // They are on this host, and a real host's would not be.
  onHost: false,
  make: () =>
    new SshBackend({ hosts: servers.map((server) => server.host()), command: [process.execPath, runnerEntry], node: process.execPath }),
  signal: async (machine, signal) => void process.kill(pidOf(machine), signal),
  gone: async (machine) => !isAlive(pidOf(machine)),
};
