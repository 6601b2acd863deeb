import { Body, Controller, Get, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ArchiveService } from './archive.service.js';
import { DrawContractCommand } from './commands/draw-contract.command.js';
import { EstimateContractCommand } from './commands/estimate-contract.command.js';

@Controller('contracts')
export class ContractsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly archive: ArchiveService,
  ) {}

  @Post()
  draw(@Body() body: { customer: string; positions: { price: number; count: number }[] }) {
    return this.commands.execute(new DrawContractCommand(body.customer, body.positions));
  }

  @Post('estimates')
  estimate(@Body() body: { customer: string; prices: number[] }) {
    return this.commands.execute(new EstimateContractCommand(body.customer, body.prices));
  }

  @Get('archive')
  archived() {
    return this.archive.kept;
  }

  @Get('archive/of-runner')
  archivedOnRunner() {
    return this.archive.keptOnRunner();
  }
}
