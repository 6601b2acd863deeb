import { Module } from '@nestjs/common';
import { FlameModule, LocalBackend, ProcessBackend } from 'nestjs-flame';
import { EchoService } from './echo.service.js';

/** With `--no-pools` nothing is booted at start: the app's own boot. */
const warm = process.argv.includes('--no-pools') ? 0 : 1;
/** A slot for each caller of the largest scenario. */
const maxConcurrency = 256;

@Module({
  imports: [
    FlameModule.forRoot(
      [
        { name: 'warm', min: warm, max: 1, maxConcurrency },
        { name: 'local', min: warm, max: 1, maxConcurrency, backend: new LocalBackend() },
        { name: 'cold', max: 1, singleUse: true },
      ],
      { backend: new ProcessBackend() },
    ),
  ],
  providers: [EchoService],
})
export class AppModule {}
