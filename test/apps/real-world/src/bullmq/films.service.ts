import { setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

@Injectable()
export class FilmsService {
  /** Takes a tenth of a second. */
  async render(_title: string, _frame: number): Promise<void> {
    await setTimeout(100);
  }
}
