import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const tapwire = join(process.cwd(), 'test/support/tapwire.py');

/** A host of its own for runners, as far as the network goes: a namespace that nothing but a wire connects with the parent's. Needs `test/stress/in-namespaces.sh`. */
export class FarHost {
  readonly name: string;
  /** Under which runners there know the parent. */
  readonly parent: string;
  readonly #address: string;
  readonly #wire: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #last: Promise<void> = Promise.resolve();

  private constructor(number: number) {
    this.name = `host${number}`;
    this.parent = `10.77.${number}.1`;
    this.#address = `10.77.${number}.2`;
    this.#wire = spawn('python3', [tapwire, 'parent', `${this.parent}/24`, this.name, `${this.#address}/24`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface(this.#wire.stdout!)[Symbol.asyncIterator]();
  }

  static async make(number: number): Promise<FarHost> {
    await run('ip', ['netns', 'add', `host${number}`]);
    const host = new FarHost(number);
    await host.#answer('ready');
    return host;
  }

  /** Does something to the wire when whatever is done to it already is over. */
  async alone(action: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(action);
    this.#last = turn.catch(() => {});
    await turn;
  }

  /** One of `tapwire.py`'s commands. */
  async order(command: string): Promise<void> {
    this.#wire.stdin!.write(`${command}\n`);
    await this.#answer(`ok ${command}`);
  }

  /** Resets the connections that come from there, as a firewall does that forgot them. */
  async reset(): Promise<void> {
    await run('ss', ['--kill', '--tcp', 'dst', this.#address]);
  }

  /** Takes wire and namespace away; gives what is still there. */
  async remove(): Promise<string[]> {
    this.#wire.stdin!.end();
    await once(this.#wire, 'exit');
    const left = [...(await interfaces(this.name)), ...(await interfaces('parent')).filter((name) => name === `to-${this.name}`)];
    await run('ip', ['netns', 'delete', this.name]);
    return left;
  }

  async #answer(expected: string): Promise<void> {
    const { value } = await this.#lines.next();
    if (value !== expected) throw new Error(`the wire to ${this.name} said "${String(value)}" instead of "${expected}"`);
  }
}

/** A namespace's network interfaces, but its loopback. */
async function interfaces(namespace: string): Promise<string[]> {
  const { stdout } = await run('nsenter', [`--net=/run/netns/${namespace}`, 'cat', '/proc/net/dev']);
  return [...stdout.matchAll(/^\s*(\S+):/gm)].map(([, name]) => name!).filter((name) => name !== 'lo');
}
