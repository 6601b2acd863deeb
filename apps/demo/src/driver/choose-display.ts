import type { Display } from './display.js';
import { LiveDisplay } from './live-display.js';
import { PlainDisplay } from './plain-display.js';

/** A terminal gets a picture that is redrawn in place, everything else plain lines. */
export function chooseDisplay(stream: NodeJS.WriteStream = process.stdout): Display {
  return stream.isTTY && process.env.TERM !== 'dumb' && !process.env.CI ? new LiveDisplay(stream) : new PlainDisplay(stream);
}
