import type { PoolMetrics } from '../../core/metrics/pool-metrics.js';
import { MetricsClient } from '../../ops/metrics-client.js';
import { LiveScreen } from '../live-screen.js';
import { topLines } from '../top-view.js';

export interface TopOptions {
  readonly pool?: readonly string[];
  readonly token?: string;
  readonly ca?: string;
  readonly every: number;
  readonly once?: boolean;
  readonly json?: boolean;
}

/** Shows live the pools of a running app. Resolves to the exit code: 1 if the app cannot be reached. */
export async function top(address: string, options: TopOptions): Promise<number> {
  const { pool = [], token = process.env['FLAME_OPS_TOKEN'], ca, every, once = false, json = false } = options;
  const client = await MetricsClient.open({ address, token, ca });
  try {
    if (once || json || !process.stdout.isTTY) await print(client, pool, options);
    else await live(client, pool, every, address);
    return 0;
  } catch (error) {
    const { details, message } = error as { details?: string; message: string };
    console.error(`no metrics from ${address}: ${details ?? message}. Check that this is the port of FlameModule's option ops.`);
    return 1;
  } finally {
    client.close();
  }
}

/** Prints plain lines, or a JSON object with `json`: once, or at every interval. */
async function print(client: MetricsClient, pools: readonly string[], { once, json, every }: TopOptions): Promise<void> {
  const show = (now: readonly PoolMetrics[], before: ReadonlyMap<string, PoolMetrics>): void => {
    if (json) return console.log(JSON.stringify({ pools: now }));
    const rows = now.map((pool) => ({ now: pool, before: before.get(pool.pool) }));
    console.log(topLines(rows, { columns: 200, rows: Infinity }, 'now').slice(2).join('\n'));
  };
  if (once) return show(await client.get(pools), new Map());
  let before = new Map<string, PoolMetrics>();
  for await (const now of client.watch(pools, every)) {
    show(now, before);
    before = byName(now);
  }
}

async function live(client: MetricsClient, pools: readonly string[], every: number, address: string): Promise<void> {
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  const screen = new LiveScreen(leave);
  let now: readonly PoolMetrics[] = [];
  let before = new Map<string, PoolMetrics>();
  const draw = (): void => {
    const rows = now.map((pool) => ({ now: pool, before: before.get(pool.pool) }));
    screen.draw(topLines(rows, screen.size, address));
  };
  const resized = (): void => {
    screen.clear();
    draw();
  };
  process.stdout.on('resize', resized);
  process.once('SIGTERM', leave);
  try {
    for await (const next of client.watch(pools, every, leaving.signal)) {
      before = byName(now);
      now = next;
      draw();
    }
  } finally {
    process.stdout.off('resize', resized);
    process.off('SIGTERM', leave);
    screen.close();
  }
}

function byName(pools: readonly PoolMetrics[]): Map<string, PoolMetrics> {
  return new Map(pools.map((pool) => [pool.pool, pool]));
}
