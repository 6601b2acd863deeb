import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { MailerService } from './mailer.service.js';
import { NewsletterModule } from './newsletter.module.js';
import { NewsletterService } from './newsletter.service.js';

async function bootstrap() {
  // Made once to read what it is configured with, and then again for good.
  const first = await NestFactory.create(NewsletterModule);
  first.get(MailerService);
  await first.close();
  const app = await NestFactory.create(NewsletterModule);
  app.enableShutdownHooks();
  await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
  const { renderedBy } = await app.get(NewsletterService).render('Ada');
  app.get(MailerService).send(`from ${process.pid}, rendered by ${renderedBy}`);
  console.log('Newsletter sent');
}
void bootstrap();
