/** Starts the bench's app in this process, although it is not used: as in a user's process, V8 then has the app's heap to manage. */
export async function idleApp(): Promise<void> {
  // Loaded only when it is needed.
  const { NestFactory } = await import('@nestjs/core');
  const { AppModule } = await import('./app.module.js');
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
}
