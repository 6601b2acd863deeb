import { appendFileSync } from 'node:fs';
import { Injectable, Module } from '@nestjs/common';
import { FlameModule, FlameParent, OnFlame, ProcessBackend } from 'nestjs-flame';

const { SCRIPT_MIN: min = '0', SCRIPT_FILE: file = '', SCRIPT_OF_RUNNERS: script } = process.env;

/** Leaves a line in SCRIPT_FILE: what was done, and in which kind of process. */
export function done(what: string): void {
  appendFileSync(file, `${what} in the ${FlameParent.choose({ parent: 'parent', runner: 'runner' })}\n`);
}

@Injectable()
export class Mails {
  @OnFlame('scripts')
  async render(_to: string): Promise<number> {
    return process.pid;
  }
}

@Module({
  imports: [
    FlameModule.forRoot([{ name: 'scripts', min: Number(min), max: 2, maxConcurrency: 1 }], {
      // Runners of another script than the parent's: what a script does that goes another way in runners.
      backend: new ProcessBackend(script === undefined ? {} : { env: { SCRIPT: script } }),
    }),
  ],
  providers: [Mails],
})
export class AppModule {}

/** Another app, with a pool of its own. */
@Injectable()
export class Others {
  @OnFlame('others')
  async render(_to: string): Promise<number> {
    return process.pid;
  }
}

@Module({ imports: [FlameModule.forRoot([{ name: 'others', max: 1 }], { backend: new ProcessBackend() })], providers: [Others] })
export class OtherModule {}

/** What an app is configured by, in an app of its own that has no FlameModule. */
@Injectable()
export class Settings {
  readonly port = 0;
}

@Module({ providers: [Settings] })
export class SettingsModule {}
