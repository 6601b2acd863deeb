import { join } from 'node:path';
import type { LocalMachine } from '../../libs/flame/src/backends/backend.js';
import { LocalBackend } from '../../libs/flame/src/backends/local-backend.js';
import { ProcessBackend } from '../../libs/flame/src/backends/process/process-backend.js';
import { createCodec } from '../../libs/flame/src/core/codec/create-codec.js';
import type { ParentInfo } from '../../libs/flame/src/core/parent-info.js';
import type { HandlerTable } from '../../libs/flame/src/runner/executor/handler-table.js';
import { startLocalRunner } from '../../libs/flame/src/runner/host/local-runner.js';
import { memoryLinks } from '../../libs/flame/src/transport/session/memory-link.js';
import { SystemClock } from '../../libs/flame/src/system/system-clock.js';
import { childrenOf, processesOf } from '../support/process-table.js';
import { backendContract, separateMachineContract } from './backend.contract.js';
import type { BackendRig } from './backend.contract.js';
import { examinationContract } from './examination.contract.js';

const program = join(import.meta.dirname, '../support/programs/machine.mjs');

backendContract('LocalBackend', async () => new LocalRig());
backendContract('ProcessBackend', processRig);
separateMachineContract('ProcessBackend', processRig);
examinationContract('LocalBackend', async () => new LocalRig());
examinationContract('ProcessBackend', processRig);

async function processRig(): Promise<BackendRig> {
  return {
    backend: new ProcessBackend({ entry: program }),
    async machines() {
      const running = processesOf(program);
      return childrenOf(process.pid)
        .filter((pid) => running.includes(pid))
        .map((pid) => `pid ${pid}`);
    },
  };
}

/** Local runners without handlers: what is made and unmade is the same. */
class LocalRig implements BackendRig {
  readonly backend = new LocalBackend();
  readonly #running = new Set<string>();
  #made = 0;

  async machines(): Promise<readonly string[]> {
    return [...this.#running];
  }

  async inProcess(): Promise<LocalMachine> {
    const { runner: link } = memoryLinks();
    const info = { pool: 'local', runner: `runner-${++this.#made}`, shutdownTimeout: 1_000, maxConcurrency: 1 } as ParentInfo;
    const table = { name: () => 'none' } as unknown as HandlerTable;
    const log = { debug() {}, log() {}, warn() {}, error() {} };
    const machine = startLocalRunner({ info, link, table, codec: createCodec(), clock: new SystemClock(), log });
    this.#running.add(machine.id);
    void machine.exited.then(() => this.#running.delete(machine.id));
    return machine;
  }
}
