import { FlyBackend } from 'nestjs-flame/fly';
import { backendContract, separateMachineContract } from '../../contracts/backend.contract.js';
import type { BackendRig } from '../../contracts/backend.contract.js';
import { examinationContract } from '../../contracts/examination.contract.js';
import type { TestBootRequest } from '../../support/test-boot-request.js';
import { FlyStandIn } from './stand-in.js';
import { images, optionsFor, token } from './trial.js';

const name = "FlyBackend on a stand-in of Fly's API";
backendContract(name, flyRig);
// What machines print is in `fly logs`, which the Machines API is no part of.
separateMachineContract(name, flyRig, { output: false });
examinationContract(name, flyRig);

async function flyRig(): Promise<BackendRig> {
  const requests = new Map<string, TestBootRequest>();
  const standIn = await FlyStandIn.start({ token, images, onLine: (line, stream, { name }) => requests.get(name)?.output(line, stream) });
  return {
    backend: new FlyBackend(optionsFor(standIn, 'machine:1')),
    hear: (request) => void requests.set(request.runner, request),
    machines: async () => standIn.present.map(({ id }) => id),
    close: () => standIn.close(),
  };
}
