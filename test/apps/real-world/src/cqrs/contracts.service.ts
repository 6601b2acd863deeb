import { Injectable } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';
import { DrawContractCommand } from './commands/draw-contract.command.js';
import { ContractDrawnEvent } from './events/contract-drawn.event.js';

@Injectable()
export class ContractsService {
  @OnFlame('contracts')
  async draw(command: DrawContractCommand): Promise<ContractDrawnEvent> {
    return new ContractDrawnEvent(`contract of ${command.customer}`, command.total(), process.pid);
  }
}
