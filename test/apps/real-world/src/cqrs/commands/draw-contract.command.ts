import { Command } from '@nestjs/cqrs';

export class DrawContractCommand extends Command<{ id: string; total: number; drawnBy: number }> {
  constructor(
    readonly customer: string,
    readonly positions: { price: number; count: number }[],
  ) {
    super();
  }

  total(): number {
    return this.positions.reduce((sum, { price, count }) => sum + price * count, 0);
  }
}
