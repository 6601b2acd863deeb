import { Injectable } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';

@Injectable()
export class InvoicesService {
  /** What takes long: the job's process has it done on a runner. */
  @OnFlame('documents')
  async render(order: number): Promise<{ order: number; renderedBy: number }> {
    return { order, renderedBy: process.pid };
  }
}
