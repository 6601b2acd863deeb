import { Injectable } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';

@Injectable()
export class ArchiveService {
  readonly kept: string[] = [];

  keep(line: string) {
    this.kept.push(line);
  }

  @OnFlame('contracts')
  async keptOnRunner(): Promise<string[]> {
    return this.kept;
  }
}
