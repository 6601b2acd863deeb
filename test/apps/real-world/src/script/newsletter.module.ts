import { Module } from '@nestjs/common';
import { FlameModule, ProcessBackend } from 'nestjs-flame';
import { MailerService } from './mailer.service.js';
import { NewsletterService } from './newsletter.service.js';

@Module({
  imports: [FlameModule.forRoot([{ name: 'letters', min: Number(process.env.MIN ?? 0), max: 2 }], { backend: new ProcessBackend() })],
  providers: [NewsletterService, MailerService],
})
export class NewsletterModule {}
