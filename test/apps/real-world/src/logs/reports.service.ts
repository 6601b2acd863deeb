import { Injectable, Logger } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';

@Injectable()
export class ReportsService {
  private readonly logger = new Logger(ReportsService.name);

  @OnFlame('reports')
  async render(user: string): Promise<number> {
    this.logger.log(`renders the report of ${user}`);
    console.log(`prints the report of ${user}`);
    console.error(`complains of the report of ${user}`);
    return process.pid;
  }
}
