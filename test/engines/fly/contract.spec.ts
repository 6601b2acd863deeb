import { FlyBackend } from 'nestjs-flame/fly';
import { backendContract, separateMachineContract } from '../../contracts/backend.contract.js';
import type { BackendRig } from '../../contracts/backend.contract.js';
import { examinationContract } from '../../contracts/examination.contract.js';
import type { TestOrder } from '../../support/backend-order.js';
import { FlyStandIn } from './stand-in.js';
import { images, optionsFor, token } from './trial.js';

const name = "FlyBackend on a stand-in of Fly's API";
backendContract(name, flyRig);
// What machines print is in `fly logs`, which the Machines API is no part of.
separateMachineContract(name, flyRig, { output: false });
examinationContract(name, flyRig);

async function flyRig(): Promise<BackendRig> {
  const orders = new Map<string, TestOrder>();
  const standIn = await FlyStandIn.start({ token, images, onLine: (line, stream, { name }) => orders.get(name)?.output(line, stream) });
  return {
    backend: new FlyBackend(optionsFor(standIn, 'machine:1')),
    hear: (order) => void orders.set(order.runner, order),
    machines: async () => standIn.present.map(({ id }) => id),
    close: () => standIn.close(),
  };
}
