import { timeWindow } from './blocks.js';
import type { Block, PoolBlocks, RunnerBlocks } from './blocks.js';
import { h } from './dom.js';
import { duration, methodOf } from './format.js';
import { colorNumber, palette } from './palette.js';

/** A canvas that has the size of its container and the resolution of the screen. */
abstract class Strip {
  readonly canvas = h('canvas', { 'aria-hidden': 'true' });
  #width = 0;
  #height = 0;

  constructor() {
    new ResizeObserver(([entry]) => {
      this.#width = entry!.contentRect.width;
      this.#height = entry!.contentRect.height;
    }).observe(this.canvas);
  }

  /** Paints the strip as of `now`, unless it is not visible. */
  paint(now: number): void {
    const [width, height, ratio] = [this.#width, this.#height, devicePixelRatio];
    const { canvas } = this;
    if (width === 0 || !canvas.isConnected) return;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
    const context = canvas.getContext('2d')!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const x = (at: number): number => width - ((now - at) / timeWindow) * width;
    context.fillStyle = palette().grid;
    for (let back = 15_000; back < timeWindow; back += 15_000) context.fillRect(Math.round(x(now - back)), 0, 1, height);
    this.draw(context, { width, height, now, x });
  }

  protected abstract draw(context: CanvasRenderingContext2D, view: StripView): void;
}

interface StripView {
  readonly width: number;
  readonly height: number;
  readonly now: number;
  /** Converts a time to pixels from the left. */
  readonly x: (at: number) => number;
}

/** A runner's last minute: its boot, its lifetime, and its calls in their slots. */
export class RunnerStrip extends Strip {
  readonly #runner: RunnerBlocks;
  #hits: { block: Block; left: number; right: number; top: number; bottom: number }[] = [];

  constructor(runner: RunnerBlocks) {
    super();
    this.#runner = runner;
  }

  /** The call at a point of the canvas. */
  at(left: number, top: number): Block | undefined {
    return this.#hits.findLast((hit) => left >= hit.left - 1 && left <= hit.right + 1 && top >= hit.top && top <= hit.bottom)?.block;
  }

  protected draw(context: CanvasRenderingContext2D, { width, height, now, x }: StripView): void {
    const { bootFrom, upAt, goneAt, blocks, view } = this.#runner;
    const colors = palette();
    const end = Math.min(width, x(goneAt ?? now));
    if (upAt === undefined || x(upAt) > 0) stripes(context, x(bootFrom), Math.min(end, x(upAt ?? goneAt ?? now)), height, colors.stripe);
    if (upAt !== undefined) {
      context.fillStyle = colors.band;
      context.globalAlpha = view.state === 'ready' ? 1 : 0.45;
      context.fillRect(Math.max(0, x(upAt)), 0, end - Math.max(0, x(upAt)), height);
      context.globalAlpha = 1;
    }
    const rows = Math.min(12, this.#runner.rows);
    const gap = rows > 6 ? 0.5 : 2;
    const high = (height - 4) / rows;
    this.#hits = [];
    for (const block of blocks) {
      const right = Math.min(end, x(block.to ?? now));
      if (right < 0) continue;
      const left = Math.min(Math.max(0, x(block.from)), right - 2);
      const top = 2 + (block.row % rows) * high;
      this.#hits.push({ block, left, right, top, bottom: top + high });
      paintBlock(context, block, { left, top, width: right - left, height: high - gap }, now);
    }
  }
}

/** The number of waiting calls over the last minute. */
export class QueueStrip extends Strip {
  readonly #pool: PoolBlocks;

  constructor(pool: PoolBlocks) {
    super();
    this.#pool = pool;
  }

  protected draw(context: CanvasRenderingContext2D, { width, height, x }: StripView): void {
    const { waits } = this.#pool;
    const most = Math.max(4, ...waits.map(({ waiting }) => waiting));
    const colors = palette();
    const y = (waiting: number): number => height - 1 - (waiting / most) * (height - 5);
    const line = new Path2D();
    let before = 0;
    line.moveTo(waits[0] ? x(waits[0].at) : width, y(0));
    for (const { at, waiting } of waits) {
      line.lineTo(x(at), y(before));
      line.lineTo(x(at), y(waiting));
      before = waiting;
    }
    line.lineTo(width, y(before));
    const area = new Path2D(line);
    area.lineTo(width, height);
    area.lineTo(waits[0] ? x(waits[0].at) : width, height);
    context.fillStyle = colors.wait;
    context.fill(area);
    context.strokeStyle = colors.waitLine;
    context.lineWidth = 1.5;
    context.stroke(line);
  }
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function paintBlock(context: CanvasRenderingContext2D, block: Block, { left, top, width, height }: Box, now: number): void {
  const colors = palette();
  const over = block.to !== undefined;
  const { failed } = block;
  context.globalAlpha = over && !failed ? 0.55 : 1;
  context.fillStyle = colors.handlers[colorNumber(block.handler)]!;
  if (failed || block.state === 'stuck' || block.state === 'ending') context.fillStyle = colors.bad;
  context.beginPath();
  context.roundRect(left, top, Math.max(failed ? 10 : 1.5, width - (over ? 1 : 0)), height, Math.min(3, height / 2));
  context.fill();
  context.globalAlpha = 1;
  // A failed call has a cross in addition to its colour, even if its block is short.
  if (failed) cross(context, left + (width < 18 ? 5 : 9), top + height / 2, colors.onHandler);
  if (height < 13 || width < 40) return;
  context.font = colors.font;
  const time = duration((block.to ?? now) - block.from);
  const method = methodOf(block.handler);
  const indent = failed ? 16 : 6;
  const text = [`${block.handler}  ${time}`, `${method}  ${time}`, method, time].find(
    (words) => context.measureText(words).width <= width - indent - 6,
  );
  if (text === undefined) return;
  context.fillStyle = colors.onHandler;
  context.textBaseline = 'middle';
  context.fillText(text, left + indent, top + height / 2 + 0.5);
}

function cross(context: CanvasRenderingContext2D, x: number, y: number, color: string): void {
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.beginPath();
  for (const slope of [-1, 1]) {
    context.moveTo(x - 3, y - 3 * slope);
    context.lineTo(x + 3, y + 3 * slope);
  }
  context.stroke();
}

function stripes(context: CanvasRenderingContext2D, from: number, to: number, height: number, color: string): void {
  const left = Math.max(0, from);
  if (to <= left) return;
  context.save();
  context.beginPath();
  context.rect(left, 0, to - left, height);
  context.clip();
  context.strokeStyle = color;
  context.lineWidth = 3;
  context.beginPath();
  // The stripes start at the boot's beginning, so that they do not move over time.
  for (let at = from - height; at < to; at += 8) {
    if (at < left - height) continue;
    context.moveTo(at, height);
    context.lineTo(at + height, 0);
  }
  context.stroke();
  context.restore();
}
