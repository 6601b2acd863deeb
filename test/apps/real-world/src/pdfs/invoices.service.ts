import { Injectable } from '@nestjs/common';
import { FlameCall, OnFlame } from 'nestjs-flame';
import { Browser } from './browser.js';
import { invoiceHtml } from './invoice-html.js';

@Injectable()
export class InvoicesService {
  constructor(private readonly browser: Browser) {}

  @OnFlame('pdfs', { handlerTimeout: 20_000 })
  async pdf(customer: string): Promise<Uint8Array> {
    const page = await this.browser.newPage();
    let closing: Promise<void> | undefined;
    const close = () => (closing ??= page.close().catch(() => {})); // With Chromium gone, nothing is left to close.
    const signal = FlameCall.current()?.signal;
    signal?.addEventListener('abort', close); // Whatever the page is doing then fails.
    try {
      signal?.throwIfAborted();
      await page.setJavaScriptEnabled(false);
      await page.setContent(invoiceHtml(customer), { waitUntil: 'load' });
      return await page.pdf({ format: 'A4', printBackground: true });
    } finally {
      await close();
    }
  }
}
