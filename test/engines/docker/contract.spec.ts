import { join } from 'node:path';
import { backendContract, separateMachineContract } from '../../contracts/backend.contract.js';
import type { BackendRig } from '../../contracts/backend.contract.js';
import { examinationContract } from '../../contracts/examination.contract.js';
import { containers } from './cli.js';
import { mounted } from './trial.js';

const program = join(import.meta.dirname, '../../support/programs/machine.mjs');

backendContract('DockerBackend', dockerRig);
separateMachineContract('DockerBackend', dockerRig);
examinationContract('DockerBackend', dockerRig);

async function dockerRig(): Promise<BackendRig> {
  return { backend: mounted(program, { labels: { suite: 'contract' } }), machines: () => containers('suite=contract') };
}
