import { CommandHandler, EventBus, ICommandHandler } from '@nestjs/cqrs';
import { OnFlame } from 'nestjs-flame';
import { ContractEstimatedEvent } from '../events/contract-estimated.event.js';
import { EstimateContractCommand } from './estimate-contract.command.js';

@CommandHandler(EstimateContractCommand)
export class EstimateContractHandler implements ICommandHandler<EstimateContractCommand> {
  constructor(private readonly events: EventBus) {}

  @OnFlame('contracts')
  async execute({ customer, prices }: EstimateContractCommand) {
    const total = prices.reduce((sum, price) => sum + price, 0);
    this.events.publish(new ContractEstimatedEvent(customer, total)); // heard on this runner only
    return { total, estimatedBy: process.pid };
  }
}
