import { Controller, Get, Injectable, Module, Param, ParseIntPipe } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { FlameModule, OnFlame, ProcessBackend } from 'nestjs-flame';
import { FlameFaults, FlameTestingModule } from 'nestjs-flame/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

@Injectable()
class ReportsService {
  @OnFlame('reports')
  async yearly(year: number): Promise<string> {
    return `report ${year}`;
  }
}

@Controller('reports')
class ReportsController {
  constructor(private readonly reports: ReportsService) {}

  @Get(':year')
  yearly(@Param('year', ParseIntPipe) year: number): Promise<string> {
    return this.reports.yearly(year);
  }
}

@Module({
  imports: [FlameModule.forRoot([{ name: 'reports', max: 2 }], { backend: new ProcessBackend() })],
  controllers: [ReportsController],
  providers: [ReportsService],
})
class AppModule {}

// docs/testing.md shows what follows.
describe('AppModule', () => {
  let app: INestApplication;

  beforeEach(async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] })
      .overrideModule(FlameModule)
      .useModule(FlameTestingModule.forRoot([{ name: 'reports', max: 2 }]))
      .compile();
    app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
  });

  afterEach(() => app.close());

  const yearly = async (): Promise<Response> => fetch(`${await app.getUrl()}/reports/2026`);

  it('answers with the result of a runner', async () => {
    const answer = await yearly();
    expect([answer.status, await answer.text()]).toEqual([200, 'report 2026']);
    expect(app.get(FlameFaults).runners).toHaveLength(1);
  });

  it('answers with an error when no runner is available', async () => {
    app.get(FlameFaults).refuseBoot('no quota left', { fatal: true });
    expect((await yearly()).status).toBeGreaterThanOrEqual(500);
  });
});
