import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

const script = join(import.meta.dirname, 'ops_client.py');

/** Debian's Python, which has its gRPC; another one may come first on the PATH. */
const python = '/usr/bin/python3';

/** Asks health or metrics by a client that is not ours; each answer goes to `told` as it comes. */
export async function askOps(address: string, args: readonly string[], told: (answer: unknown) => void = () => {}): Promise<unknown[]> {
  const child = spawn(python, [script, address, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const answers: unknown[] = [];
  createInterface(child.stdout).on('line', (line) => {
    const answer: unknown = JSON.parse(line);
    answers.push(answer);
    told(answer);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${Buffer.concat(errors).toString()}`);
  return answers;
}
