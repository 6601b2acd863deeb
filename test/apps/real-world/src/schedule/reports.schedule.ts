import { Injectable } from '@nestjs/common';
import { Cron, SchedulerRegistry } from '@nestjs/schedule';
import { ReportsService } from './reports.service.js';
import { RunsOnce } from './runs-once.service.js';

@Injectable()
export class ReportsSchedule {
  constructor(
    private readonly schedules: SchedulerRegistry,
    private readonly once: RunsOnce,
    private readonly reports: ReportsService,
  ) {}

  /** Fires in every instance of the app, and in no runner. */
  @Cron(process.env.REPORTS_CRON ?? '0 3 * * *', { name: 'reports' })
  async build(): Promise<void> {
    console.log(`fired in ${process.pid}`);
    // The same time in all instances, also if their clocks differ.
    const until = this.schedules.getCronJob('reports').nextDate().toISO()!;
    if (!(await this.once.first(`reports:${until}`))) return;
    const { report, builtBy } = await this.reports.build(until);
    console.log(`${report} built by ${builtBy}`);
  }
}
