import { join } from 'node:path';
import { afterAll } from 'vitest';
import { backendContract, separateMachineContract } from '../../contracts/backend.contract.js';
import type { BackendRig } from '../../contracts/backend.contract.js';
import { examinationContract } from '../../contracts/examination.contract.js';
import { expectNothingLeft, podsWith } from './cluster.js';
import { mounted } from './trial.js';

const program = join(import.meta.dirname, '../../support/programs/machine.mjs');

backendContract('KubernetesBackend', kubernetesRig);
separateMachineContract('KubernetesBackend', kubernetesRig, { output: 'one stream' });
examinationContract('KubernetesBackend', kubernetesRig);

afterAll(expectNothingLeft);

async function kubernetesRig(): Promise<BackendRig> {
  return {
    backend: mounted(program),
    machines: async () => (await podsWith('nestjs-flame/parent=parent-1')).map(({ metadata }) => metadata!.name!),
  };
}
