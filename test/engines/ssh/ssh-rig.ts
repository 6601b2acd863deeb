import { join } from 'node:path';
import { SshBackend } from 'nestjs-flame/ssh';
import type { SshBackendOptions, SshHostOptions } from 'nestjs-flame/ssh';
import type { Machine } from 'nestjs-flame';
import { onTestFinished } from 'vitest';
import { SshServer } from '../../support/ssh-server.js';
import type { SshServerOptions } from '../../support/ssh-server.js';
import { TestBootRequest, testContext } from '../../support/test-boot-request.js';

/** The program of machines in the backend contract suite, which the tests of this folder run, too. */
export const program = join(import.meta.dirname, '../../support/programs/machine.mjs');

/** A server that ends with the test. */
export async function serverFor(options: SshServerOptions = {}): Promise<SshServer> {
  const server = await SshServer.start(options);
  onTestFinished(() => server.close());
  return server;
}

/** A prepared backend that ends with the test, and the warnings that it logs. */
export async function backendOn(
  hosts: readonly SshHostOptions[],
  options: Partial<SshBackendOptions> = {},
  parent = testContext.parent,
): Promise<{ backend: SshBackend; warnings: string[] }> {
  const backend = new SshBackend({ hosts, command: [process.execPath, program], node: process.execPath, ...options });
  const warnings: string[] = [];
  const keep = (text: string): void => void warnings.push(text);
  const log = { ...testContext.log, warn: keep, error: keep };
  await backend.prepare({ ...testContext, parent, log });
  onTestFinished(() => backend.close());
  return { backend, warnings };
}

/** Boots a machine with a behaviour of `program`, and waits until it is ready, if it says so. */
export async function bootOn(backend: SshBackend, behaviour: string): Promise<{ machine: Machine; request: TestBootRequest; pid: number }> {
  const request = new TestBootRequest(behaviour);
  const machine = await backend.boot(request);
  if (behaviour === 'polite' || behaviour === 'stubborn') await request.printed('ready');
  return { machine, request, pid: Number(/ pid (\d+)$/.exec(machine.id)![1]) };
}

/** The error of a boot. */
export async function refusalOf(backend: SshBackend): Promise<Error> {
  return backend.boot(new TestBootRequest('polite')).then(
    ({ id }) => new Error(`it booted ${id}`),
    (error: Error) => error,
  );
}
