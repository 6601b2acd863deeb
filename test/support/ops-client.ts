import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

const script = join(import.meta.dirname, 'ops_client.py');

/** Debian's Python, which has the gRPC package. Another Python may come first on the PATH. */
const python = '/usr/bin/python3';

/** Requests health or metrics with another gRPC client. Each answer is passed to `told` when it arrives. */
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
