import { appendFileSync } from 'node:fs';
import { Injectable } from '@nestjs/common';

/** Sends mail into a file. */
@Injectable()
export class MailerService {
  send(text: string): void {
    appendFileSync(process.env.OUTBOX!, `${text}\n`);
  }
}
