import { join } from 'node:path';
import { DockerBackend } from 'nestjs-flame/docker';
import type { DockerBackendOptions } from 'nestjs-flame/docker';
import { marksFolder, runnerEntry } from '../../support/trial-backends.js';
import type { TrialBackend } from '../../support/trial-backends.js';
import { docker, testNetwork } from './cli.js';

/** An image with Node and nothing else; what runs in it is mounted. */
export const nodeImage = 'flame-test/node:1';

const repository = join(import.meta.dirname, '../../..');

/** A container that sees this repository, and the marks that handlers leave, where this process sees them. */
export function mounted(program: string, options: DockerBackendOptions = {}): DockerBackend {
  const mounts = [
    { Type: 'bind', Source: repository, Target: repository, ReadOnly: true },
    { Type: 'bind', Source: marksFolder, Target: marksFolder },
  ] as const;
  return new DockerBackend({ image: nodeImage, network: testNetwork, cmd: ['node', program], mounts, ...options });
}

/** The conformance suite's runners in containers, its parent on the engine's host. */
export const trial: TrialBackend = {
  name: 'docker',
  isolated: true,
  onHost: false,
  bootTimeout: 90_000,
  make: () => mounted(runnerEntry),
  signal: async (machine, signal) => void (await docker('kill', '--signal', signal, machine)),
  gone: async (machine) => (await docker('ps', '--all', '--quiet', '--filter', `id=${machine}`)) === '',
};
