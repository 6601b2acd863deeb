/** Sets up the bench's own app beside what this process does, as users have one: V8 has its heap to look after as well. */
export async function idleApp(): Promise<void> {
  // Not loaded where it is not wanted.
  const { NestFactory } = await import('@nestjs/core');
  const { AppModule } = await import('./app.module.js');
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
}
