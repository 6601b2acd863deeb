import { EventsHandler, IEventHandler } from '@nestjs/cqrs';
import { ArchiveService } from '../archive.service.js';
import { ContractDrawnEvent } from './contract-drawn.event.js';

@EventsHandler(ContractDrawnEvent)
export class ContractDrawnHandler implements IEventHandler<ContractDrawnEvent> {
  constructor(private readonly archive: ArchiveService) {}

  handle(event: ContractDrawnEvent) {
    this.archive.keep(`${event.isLarge ? 'large' : 'small'} ${event.id}`);
  }
}
