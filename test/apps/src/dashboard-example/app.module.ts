import { Module } from '@nestjs/common';
import { FlameModule } from 'nestjs-flame';
import { FlameDashboardModule } from 'nestjs-flame/dashboard';

@Module({
  imports: [
    FlameModule.forRoot([{ name: 'ffmpeg', max: 4 }]),
    FlameDashboardModule.forRoot({
      path: '/flame',
      auth: { user: 'ops', password: process.env['DASHBOARD_PASSWORD'] ?? 'only for this example' },
      actions: true,
    }),
  ],
})
export class AppModule {}
