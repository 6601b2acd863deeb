import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { SeparateHosts } from '../../support/separate-hosts.js';
import { SpawnedApp } from '../../support/spawned-app.js';
import { SshServer, sshUser } from '../../support/ssh-server.js';

/** What came of a call: its value, or the error's code. */
export interface Outcome {
  readonly value?: { readonly runner: string; readonly pid: number; readonly size: number; readonly time: number };
  readonly error?: { readonly code: string; readonly ran: string; readonly message: string };
}

/** `test/apps/ssh` on a host of its own, and two other hosts with a real sshd each, for its runners. They end with the test. */
export class SshApp extends SpawnedApp {
  readonly hosts: SeparateHosts;
  readonly servers: readonly SshServer[];
  #asked = 0;

  private constructor(hosts: SeparateHosts, servers: readonly SshServer[], env: Record<string, string>) {
    super('ssh/main.js', env, 'pipe', hosts.at(1));
    this.hosts = hosts;
    this.servers = servers;
  }

  static async start(env: Record<string, string> = {}): Promise<SshApp> {
    const hosts = await SeparateHosts.make(3);
    const servers = await Promise.all(
      [2, 3].map((number) => SshServer.start({ at: hosts.at(number), address: hosts.address(number), port: 22 })),
    );
    onTestFinished(async () => void (await Promise.all(servers.map((server) => server.close()))));
    const [two, three] = servers as [SshServer, SshServer];
    two.allow(three);
    const app = new SshApp(hosts, servers, {
      HOST_KEY_2: two.fingerprint,
      HOST_KEY_3: three.fingerprint,
      SSH_USER: sshUser,
      SSH_KEY_FILE: two.keyFile,
      NODE: process.execPath,
      RUNNER: JSON.stringify([process.execPath, join(import.meta.dirname, '../../apps/dist/ssh/main.js')]),
      ...env,
    });
    await app.line(/^\[parent\] is up$/);
    return app;
  }

  async ask(method: 'stay' | 'roundTrip', ...args: number[]): Promise<Outcome> {
    const id = ++this.#asked;
    const from = this.lines.length;
    this.process.stdin!.write(`${JSON.stringify({ id, method, args })}\n`);
    const [, json] = await this.line(new RegExp(`^\\[answer ${id}\\] (.*)$`), from);
    return JSON.parse(json!) as Outcome;
  }
}
