import { CommandHandler, EventBus, ICommandHandler } from '@nestjs/cqrs';
import { ContractsService } from '../contracts.service.js';
import { DrawContractCommand } from './draw-contract.command.js';

@CommandHandler(DrawContractCommand)
export class DrawContractHandler implements ICommandHandler<DrawContractCommand> {
  constructor(
    private readonly contracts: ContractsService,
    private readonly events: EventBus,
  ) {}

  async execute(command: DrawContractCommand) {
    const event = await this.contracts.draw(command);
    this.events.publish(event);
    return { id: event.id, total: event.total, drawnBy: event.drawnBy };
  }
}
