import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The engine's own command-line client: it sees what is there with other eyes than the backend. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, { maxBuffer: 64 << 20 });
  return stdout.trim();
}

/** The ids of all containers with a label, those that have ended included. Files run side by side: each asks for its own. */
export async function containers(label: string): Promise<string[]> {
  const ids = await docker('ps', '--all', '--quiet', '--filter', `label=${label}`);
  return ids.split('\n').filter((id) => id !== '');
}

/** The network of the tests' runners. */
export const testNetwork = 'flame-test';

/** A network of this name, made if it is not there. */
export async function network(name: string, ...options: string[]): Promise<string> {
  await docker('network', 'inspect', name)
    .catch(() => docker('network', 'create', ...options, name))
    .catch(() => docker('network', 'inspect', name));
  return name;
}

/** Fails where a container with a label is left. */
export async function expectNothingLeft(label: string): Promise<void> {
  const left = await docker('ps', '--all', '--filter', `label=${label}`, '--format', '{{.Names}} {{.Status}}');
  if (left !== '') throw new Error(`containers left: ${left}`);
}
