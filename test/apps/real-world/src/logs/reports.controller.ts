import { Controller, Get, Logger, Param } from '@nestjs/common';
import { ReportsService } from './reports.service.js';

@Controller('reports')
export class ReportsController {
  private readonly logger = new Logger(ReportsController.name);

  constructor(private readonly reports: ReportsService) {}

  @Get(':user')
  async report(@Param('user') user: string) {
    const pid = await this.reports.render(user);
    this.logger.log(`answers ${user}`);
    return { user, pid };
  }
}
