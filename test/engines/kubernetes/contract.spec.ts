import { join } from 'node:path';
import { afterAll } from 'vitest';
import { backendContract, separateMachineContract } from '../../contracts/backend.contract.js';
import type { BackendRig } from '../../contracts/backend.contract.js';
import { examinationContract } from '../../contracts/examination.contract.js';
import { expectNothingLeft, namespaceOf, podsWith } from './cluster.js';
import { mounted } from './trial.js';

const namespace = await namespaceOf('contract');
const program = join(import.meta.dirname, '../../support/programs/machine.mjs');

backendContract('KubernetesBackend', kubernetesRig);
separateMachineContract('KubernetesBackend', kubernetesRig, { output: 'one stream' });
examinationContract('KubernetesBackend', kubernetesRig);

afterAll(() => expectNothingLeft(namespace));

async function kubernetesRig(): Promise<BackendRig> {
  return {
    backend: mounted(program, { namespace }),
    machines: async () => (await podsWith('nestjs-flame/parent=parent-1', namespace)).map(({ metadata }) => metadata!.name!),
  };
}
