import { setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

@Injectable()
export class FilmsService {
  async render(_title: string, _frame: number): Promise<void> {
    await setTimeout(Number(process.env.FRAME_TIME ?? 100));
  }
}
