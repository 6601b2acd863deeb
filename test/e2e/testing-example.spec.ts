import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { FlameError, OnFlame } from 'nestjs-flame';
import { FlameFaults, FlameTestingModule, VirtualClock } from 'nestjs-flame/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

@Injectable()
class ReportsService {
  @OnFlame('reports')
  async yearly(year: number): Promise<string> {
    return `report ${year}`;
  }
}

// docs/testing.md shows what follows.
describe('ReportsService', () => {
  let app: TestingModule;

  beforeEach(async () => {
    app = await Test.createTestingModule({
      imports: [FlameTestingModule.forRoot([{ name: 'reports', max: 2 }], { virtualTime: true })],
      providers: [ReportsService],
    }).compile();
    await app.init();
  });

  afterEach(() => app.close());

  it('runs on a runner in this process', async () => {
    expect(await app.get(ReportsService).yearly(2026)).toBe('report 2026');
  });

  it('reports that no runner is available', async () => {
    app.get(FlameFaults).refuseBoot('no quota left', { fatal: true });
    const error = await app
      .get(ReportsService)
      .yearly(2026)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FlameError);
    expect(error).toMatchObject({ code: 'FLAME_BOOT', ran: 'no' });
  });

  it('has no runner left half a minute after the last call', async () => {
    await app.get(ReportsService).yearly(2026);
    expect(app.get(FlameFaults).runners).toHaveLength(1);
    await app.get(VirtualClock).advance(30_000);
    expect(app.get(FlameFaults).runners).toHaveLength(0);
  });
});
