import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { loaderCommand } from '../../libs/flame/src/backends/ship/loader-command.js';
import { ShippedCode } from '../../libs/flame/src/backends/ship/shipped-code.js';
import type { ShipConfig } from '../../libs/flame/src/backends/ship/ship-options.js';
import type { ParentInfo } from '../../libs/flame/src/core/parent-info.js';
import { AttachRig } from './attach-rig.js';
import { testContext } from './test-boot-request.js';

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Machine {
  /** Its temporary folder. Machines with the same one share the cache. */
  readonly temporary?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Changes what the machine is told. */
  readonly tell?: (info: ParentInfo) => Partial<ParentInfo>;
  /** Gives FLAME_PARENT to the standard input of the machine in this way. */
  readonly input?: (flameParent: string) => string;
  /** Runs this before the loader's script. */
  readonly before?: string;
}

/** A temporary folder for the time of a test. */
export function emptyFolder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'flame-machine-')));
  onTestFinished(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

/** A project on disk, by path. */
export function writeProject(files: Readonly<Record<string, string>>): string {
  const root = emptyFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

/** A parent that ships a program, without pools: `run` boots a machine that has nothing of the program, and resolves with what it did. */
export async function shipProgram(entry: string, ship: Partial<ShipConfig> = {}) {
  const rig = new AttachRig('network');
  const code = new ShippedCode(
    { entry, bundle: true, paths: [], include: [], exclude: [], cache: undefined, maxBytes: 1e9, ...ship },
    'test',
    'Test.shipCode',
  );
  onTestFinished(async () => {
    await rig.close();
    await code.close();
  });
  await code.prepare(testContext.log);
  const transfers: number[] = [];

  const run = async ({ temporary = emptyFolder(), env = {}, tell, input, before }: Machine = {}): Promise<Run> => {
    const dial = await rig.info();
    const over = new AbortController();
    rig.expect(dial, over.signal).catch(() => {});
    const request = {
      flameParent: async ({ more = {} }: { more?: Partial<ParentInfo> } = {}): Promise<string> => {
        const info = { ...dial, bootTimeout: 5_000, ...more } as ParentInfo;
        return Buffer.from(JSON.stringify({ ...info, ...tell?.(info) })).toString('base64');
      },
      serveCode: (served: Parameters<Parameters<typeof code.flameParent>[0]['serveCode']>[0]) =>
        rig.server.serveCode(dial.runner, {
          bytes: served.bytes,
          read: (offset, length) => served.read(offset, length),
          loader: () => served.loader(),
          onSent: (sent) => void (sent === served.bytes && transfers.push(sent)),
        }),
    };
    const flameParent = await code.flameParent(request);
    const [, flag, script] = loaderCommand();
    const machine = spawn(process.execPath, [flag!, before === undefined ? script! : `${before};${script}`], {
      cwd: temporary,
      env: { PATH: process.env.PATH, TMPDIR: temporary, ...env, FLAME_PARENT: input ? '-' : flameParent },
    });
    machine.stdin.end(input?.(flameParent));
    const [stdout, stderr] = await Promise.all([text(machine.stdout), text(machine.stderr), once(machine, 'exit')]);
    over.abort(new Error('the boot is over'));
    return { code: machine.exitCode, stdout, stderr };
  };
  return { run, transfers };
}
