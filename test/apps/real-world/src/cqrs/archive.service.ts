import { Injectable } from '@nestjs/common';

@Injectable()
export class ArchiveService {
  readonly kept: string[] = [];

  keep(line: string) {
    this.kept.push(line);
  }
}
