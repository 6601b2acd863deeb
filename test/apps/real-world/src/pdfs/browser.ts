import { Injectable, OnModuleDestroy } from '@nestjs/common';
import { launch } from 'puppeteer-core';
import type { Browser as Chromium, Page } from 'puppeteer-core';

/** One Chromium for each runner: it starts with the first page, and ends with the runner's app. */
@Injectable()
export class Browser implements OnModuleDestroy {
  #chromium?: Promise<Chromium>;

  async newPage(): Promise<Page> {
    this.#chromium ??= this.#start();
    return (await this.#chromium).newPage();
  }

  async onModuleDestroy() {
    await (await this.#chromium)?.close();
  }

  async #start(): Promise<Chromium> {
    try {
      const chromium = await launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        pipe: true, // Chromium ends when the runner does, even if the runner is killed.
        handleSIGTERM: false, // A runner that is told to stop finishes its calls first.
        handleSIGINT: false,
        handleSIGHUP: false,
        args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
      });
      chromium.once('disconnected', () => (this.#chromium = undefined));
      return chromium;
    } catch (error) {
      this.#chromium = undefined;
      throw error;
    }
  }
}
