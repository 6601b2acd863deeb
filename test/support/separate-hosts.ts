import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

const tapwire = join(import.meta.dirname, 'tapwire.py');

/**
 * Simulated hosts on their own network: network namespaces, each with a virtual cable to a switch. They are created in a namespace of the test, so that they do
 * not affect the machine's network, and end with the test.
 */
export class SeparateHosts {
  readonly #shell: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;
  #complaints = '';

  private constructor() {
    this.#shell = spawn('unshare', ['--net', '--mount', '--propagation', 'private', '--', 'sh'], { stdio: 'pipe' });
    this.#shell.stderr!.on('data', (text: Buffer) => (this.#complaints += String(text)));
    this.#shell.on('error', ({ message }) => (this.#complaints += message));
    this.#ended = new Promise((resolve) => this.#shell.on('close', resolve));
    // Writing to a shell that has ended fails; its output shows that it has ended.
    this.#shell.stdin!.on('error', () => {});
    this.#lines = createInterface(this.#shell.stdout!)[Symbol.asyncIterator]();
  }

  /** @throws if namespaces cannot be created. */
  static async make(count: number): Promise<SeparateHosts> {
    const hosts = new SeparateHosts();
    onTestFinished(() => hosts.#end());
    await hosts.#run('mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link add switch type bridge && ip link set switch up');
    for (let host = 1; host <= count; host++)
      await hosts.#run(
        `ip netns add h${host} && ip link add cable${host} type veth peer name eth0 netns h${host} && ` +
          `ip link set cable${host} master switch && ip link set cable${host} up && ip -n h${host} link set lo up && ` +
          `ip -n h${host} addr add ${hosts.address(host)}/24 dev eth0 && ip -n h${host} link set eth0 up`,
      );
    return hosts;
  }

  /** The hosts are counted from 1. */
  address(host: number): string {
    return `10.99.0.${host}`;
  }

  /** The prefix of a command that runs on the host. */
  at(host: number): readonly string[] {
    return ['nsenter', `--net=/proc/${this.#shell.pid}/root/run/netns/h${host}`];
  }

  /** Unplugs the host's cable: packets are lost silently. */
  cut(host: number): Promise<void> {
    return this.#run(`ip link set cable${host} down`);
  }

  mend(host: number): Promise<void> {
    return this.#run(`ip link set cable${host} up`);
  }

  /** Loses only the packets from host `from` to host `to`: they go to a machine that does not exist. */
  lose(from: number, to: number): Promise<void> {
    return this.#run(`ip -n h${from} neigh replace ${this.address(to)} lladdr 02:00:00:00:00:ff dev eth0 nud permanent`);
  }

  find(from: number, to: number): Promise<void> {
    return this.#run(`ip -n h${from} neigh del ${this.address(to)} dev eth0`);
  }

  /**
   * Sends the packets between two hosts over a slow wire: `delay` milliseconds in each direction, and `rate` bits a second. It lasts as long as the hosts.
   */
  async slow(one: number, other: number, { delay, rate }: { delay: number; rate: number }): Promise<void> {
    const [from, to] = [`10.98.${one}.${other}`, `10.98.${other}.${one}`];
    const wire = spawn(
      'nsenter',
      [`--mount=/proc/${this.#shell.pid}/ns/mnt`, 'python3', tapwire, `h${one}`, `${from}/32`, `h${other}`, `${to}/32`],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    onTestFinished(() => void wire.kill('SIGKILL'));
    const lines = createInterface(wire.stdout)[Symbol.asyncIterator]();
    await lines.next();
    for (const command of [`delay ${delay}`, `rate ${rate}`]) {
      wire.stdin.write(`${command}\n`);
      await lines.next();
    }
    await this.#run(`ip -n h${one} route add ${this.address(other)}/32 dev to-h${other} src ${this.address(one)}`);
    await this.#run(`ip -n h${other} route add ${this.address(one)}/32 dev to-h${one} src ${this.address(other)}`);
  }

  async #run(command: string): Promise<void> {
    this.#shell.stdin!.write(`{ ${command}; } && echo done || echo failed\n`);
    const { value } = (await this.#lines.next()) as IteratorResult<string, undefined>;
    if (value === undefined) await this.#ended;
    if (value !== 'done')
      throw new Error(
        `hosts of their own need root's right to make network namespaces, and iproute2. ${this.#complaints.trim()} (${command})`,
      );
  }

  async #end(): Promise<void> {
    this.#shell.kill('SIGKILL');
    await this.#ended;
  }
}
