import { Injectable } from '@nestjs/common';
import { OnFlame } from 'nestjs-flame';

@Injectable()
export class NewsletterService {
  @OnFlame('letters')
  async render(name: string): Promise<{ text: string; renderedBy: number }> {
    return { text: `Dear ${name}`, renderedBy: process.pid };
  }
}
