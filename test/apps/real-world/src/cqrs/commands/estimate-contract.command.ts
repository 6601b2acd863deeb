import { Command } from '@nestjs/cqrs';

export class EstimateContractCommand extends Command<{ total: number; estimatedBy: number }> {
  constructor(
    readonly customer: string,
    readonly prices: number[],
  ) {
    super();
  }
}
