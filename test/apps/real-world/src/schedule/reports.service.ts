import { Injectable } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';

@Injectable()
export class ReportsService {
  /** Takes a processor for minutes. A report may be built twice. */
  @OnFlame('reports', { handlerTimeout: 10 * 60_000, idempotent: true, retry: { attempts: 3 } })
  async build(until: string): Promise<{ report: string; builtBy: number }> {
    return { report: `report until ${until}`, builtBy: process.pid };
  }
}
