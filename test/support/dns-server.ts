import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { ownHost } from './regions.js';

const port = 5353;

/** A dnsmasq with the records of a test, on its own loopback address, running as the user of the test. Ends with the test. */
export class DnsServer {
  /** Its address for resolvers: `address:port`. */
  readonly address: string;
  readonly #host: string;
  #process: ChildProcess | undefined;

  private constructor(host: string) {
    this.#host = host;
    this.address = `${host}:${port}`;
  }

  /** @param records lines of dnsmasq's configuration: `host-record=name,address`, `txt-record=name,"text"`, `srv-host=name,target,port` */
  static async start(records: readonly string[]): Promise<DnsServer> {
    const server = new DnsServer(ownHost());
    onTestFinished(() => server.stop());
    await server.answer(records);
    return server;
  }

  /** Replaces the records. */
  async answer(records: readonly string[]): Promise<void> {
    await this.stop();
    const fixed = [
      '--no-daemon',
      '--conf-file=-',
      '--no-resolv',
      '--no-hosts',
      '--bind-interfaces',
      '--local=/internal/',
      '--local=/test/',
    ];
    const where = [`--listen-address=${this.#host}`, `--port=${port}`, '--user=', '--pid-file=', '--except-interface=none'];
    const child = spawn('dnsmasq', [...fixed, ...where], { stdio: ['pipe', 'ignore', 'pipe'] });
    // Quotes are only parsed in a configuration file.
    child.stdin!.end(records.join('\n'));
    this.#process = child;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.on('error', (error) => reject(new Error(`dnsmasq must be installed (apt-get install dnsmasq-base): ${error.message}`)));
      child.on('exit', () => reject(new Error(`dnsmasq ended: ${said}`)));
      child.stderr!.on('data', (data: Buffer) => {
        said += data.toString();
        if (said.includes('started')) resolve();
      });
    });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.removeAllListeners('exit');
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
}
