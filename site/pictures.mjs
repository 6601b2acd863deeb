// Makes the README's pictures in docs/images from real runs on this machine: the demo in a terminal, as an animated SVG, and the dashboard while
// the demo works, as a screenshot. Needs a build (npm run build) and Chromium, and a machine that does nothing else: its figures are shown.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const root = join(import.meta.dirname, '..');
const images = join(root, 'docs/images');
const demo = join(root, 'apps/demo/dist/driver/demo.js');
/** A demo of half a minute is shown in a third of its time. */
const speed = 3;

mkdirSync(images, { recursive: true });
writeFileSync(join(images, 'demo.svg'), terminal(framesOf(await linesOf())));
writeFileSync(join(images, 'dashboard.png'), await dashboard());

/** The lines that the demo prints, each with its time in seconds. */
async function linesOf() {
  const child = spawn(process.execPath, [demo], { stdio: ['ignore', 'pipe', 'inherit'] });
  const began = performance.now();
  const lines = [];
  for await (const text of createInterface(child.stdout)) lines.push({ at: (performance.now() - began) / 1_000 / speed, text });
  return lines;
}

/** What the screen shows from each moment on. Within a step, each line takes the place of the one before. */
function framesOf(lines) {
  const frames = [];
  let shown = [];
  let status = false;
  for (const { at, text } of lines) {
    const isStatus = /^ +[\d.]+ s {2}/.test(text);
    shown = isStatus && status ? [...shown.slice(0, -1), text] : [...shown, text];
    status = isStatus;
    frames.push({ at, shown: shown.slice(-18) });
  }
  return frames;
}

/** Each text of a row is an element that is visible for its time. Those of the last frame stay, also where pictures do not move. */
function terminal(frames) {
  const height = 18 * 20 + 32;
  const rows = [];
  for (let row = 0; row < 18; row++) {
    let from = 0;
    for (const [index, { shown, at }] of frames.entries()) {
      const text = shown[row] ?? '';
      const next = frames[index + 1];
      if (next && (next.shown[row] ?? '') === text) continue;
      if (text !== '' && next?.at !== from) rows.push(rowOf(text, row, from, next?.at));
      from = next?.at ?? at;
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 ${height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13">
<title>npm run demo: eight videos on a pool that grows from zero to four runners and back</title>
<rect width="760" height="${height}" rx="8" fill="#16181d"/>
${rows.join('\n')}
</svg>
`;
}

function rowOf(text, row, from, until) {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const stays = until === undefined;
  const move = stays ? { to: 'hidden', begin: 0, end: from } : { to: 'visible', begin: from, end: until };
  const set = `<set attributeName="visibility" to="${move.to}" begin="${move.begin.toFixed(2)}s" end="${move.end.toFixed(2)}s"/>`;
  const color = /^\S/.test(text) ? '#e6e6e6' : '#9fb4c7';
  return `<text x="16" y="${row * 20 + 28}" fill="${color}" xml:space="preserve"${stays ? '' : ' visibility="hidden"'}>${escaped}${set}</text>`;
}

/** The dashboard, while all runners of the demo work. */
async function dashboard() {
  // With --serve the demo keeps its folder.
  const TMPDIR = mkdtempSync(join(tmpdir(), 'flame-pictures-'));
  const child = spawn(process.execPath, [demo, '--serve'], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, TMPDIR } });
  const ended = once(child, 'exit');
  const browser = await chromium.launch({
    executablePath: process.env.FLAME_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1000, height: 560 }, deviceScaleFactor: 1 });
    for await (const line of createInterface(child.stdout)) {
      const [, url] = /done: (http:\S+), pid/.exec(line) ?? [];
      if (url) await page.goto(`${url}/flame`);
      if (/ [1-4] running, [1-4] waiting · [1-9]\d+ of/.test(line)) break;
    }
    return await page.screenshot();
  } finally {
    await browser.close();
    child.stdout.resume();
    child.kill('SIGTERM');
    await ended;
    rmSync(TMPDIR, { recursive: true, force: true });
  }
}
