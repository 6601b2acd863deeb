import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { FlameModule, FlameParent, ProcessBackend } from 'nestjs-flame';
import { ReportsSchedule } from './reports.schedule.js';
import { ReportsService } from './reports.service.js';
import { RunsOnce } from './runs-once.service.js';

@Module({
  imports: [
    FlameModule.forRoot([{ name: 'reports', max: 1 }], { backend: new ProcessBackend() }),
    ScheduleModule.forRoot({ cronJobs: !FlameParent.get(), intervals: !FlameParent.get(), timeouts: !FlameParent.get() }),
  ],
  providers: [ReportsService, ReportsSchedule, RunsOnce],
})
export class AppModule {}
