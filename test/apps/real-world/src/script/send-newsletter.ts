import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { MailerService } from './mailer.service.js';
import { NewsletterModule } from './newsletter.module.js';
import { NewsletterService } from './newsletter.service.js';

async function run() {
  const app = await NestFactory.createApplicationContext(NewsletterModule);
  const { text, renderedBy } = await app.get(NewsletterService).render('Ada');
  app.get(MailerService).send(`${text}, from ${process.pid}, rendered by ${renderedBy}`);
  await app.close();
  console.log('Newsletter sent');
}
void run();
