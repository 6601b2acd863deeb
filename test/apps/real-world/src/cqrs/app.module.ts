import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { FlameModule, FlameParent, ProcessBackend } from 'nestjs-flame';
import { ArchiveService } from './archive.service.js';
import { DrawContractHandler } from './commands/draw-contract.handler.js';
import { EstimateContractHandler } from './commands/estimate-contract.handler.js';
import { ContractsController } from './contracts.controller.js';
import { ContractsService } from './contracts.service.js';
import { ContractDrawnEvent } from './events/contract-drawn.event.js';
import { ContractDrawnHandler } from './events/contract-drawn.handler.js';
import { LargeEstimatesSaga } from './events/large-estimates.saga.js';

@Module({
  imports: [
    CqrsModule.forRoot(),
    FlameModule.forRoot([{ name: 'contracts', max: 1 }], { backend: new ProcessBackend(), classes: [ContractDrawnEvent] }),
  ],
  controllers: FlameParent.unlessRunner([ContractsController]),
  providers: [ContractsService, ArchiveService, DrawContractHandler, EstimateContractHandler, ContractDrawnHandler, LargeEstimatesSaga],
})
export class AppModule {}
