import { join } from 'node:path';
import { SshBackend } from 'nestjs-flame/ssh';
import { backendContract, separateMachineContract } from '../../contracts/backend.contract.js';
import type { BackendRig } from '../../contracts/backend.contract.js';
import { examinationContract } from '../../contracts/examination.contract.js';
import { processesOf } from '../../support/process-table.js';
import { SshServer } from '../../support/ssh-server.js';

const program = join(import.meta.dirname, '../../support/programs/machine.mjs');
const name = 'SshBackend on a real sshd';
backendContract(name, sshRig);
separateMachineContract(name, sshRig);
examinationContract(name, sshRig);

async function sshRig(): Promise<BackendRig> {
  const server = await SshServer.start();
  const command = [process.execPath, program];
  return {
    backend: new SshBackend({ hosts: [server.host()], command, node: process.execPath }),
    machines: async () => processesOf(program).map((pid) => `${server.address}:${server.port} pid ${pid}`),
    close: () => server.close(),
  };
}
