import type { Hello, Sample, Snapshot } from '../src/dashboard/snapshot.js';

/** The page's own URL with a slash at its end, including any prefix. All other URLs are relative to it. */
const base = new URL(location.pathname.replace(/\/*$/, '/'), location.origin);

export type Connection = 'connecting' | 'live' | 'lost' | 'refused';

export interface Listener {
  hello(hello: Hello): void;
  snapshot(snapshot: Snapshot): void;
  samples(samples: Readonly<Record<string, Sample>>): void;
  connection(state: Connection): void;
}

/** Time without an event, in milliseconds, after which the connection counts as lost even if it is open. */
const silence = 8_000;

/** Receives events from the server while the page is visible, and reconnects after every interruption. */
export function listen(listener: Listener): void {
  let source: EventSource | undefined;
  let watchdog = 0;

  const heard = (): void => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => again(0), silence);
  };
  const stop = (): void => {
    clearTimeout(watchdog);
    source?.close();
    source = undefined;
  };
  const again = (delay: number): void => {
    stop();
    listener.connection('lost');
    watchdog = setTimeout(start, delay);
  };
  const start = (): void => {
    stop();
    const events = (source = new EventSource(new URL('events', base)));
    heard();
    const on = (name: string, take: (data: never) => void): void =>
      events.addEventListener(name, ({ data }: MessageEvent<string>) => {
        heard();
        take(JSON.parse(data) as never);
      });
    on('hello', (hello: Hello) => {
      listener.hello(hello);
      listener.connection('live');
    });
    on('snapshot', (snapshot: Snapshot) => listener.snapshot(snapshot));
    on('sample', (samples: Record<string, Sample>) => listener.samples(samples));
    events.addEventListener('error', () => void failed(events));
  };
  /** Handles a broken stream. The browser does not retry a stream that the server has answered with an error. */
  const failed = async (events: EventSource): Promise<void> => {
    if (events !== source) return;
    listener.connection('lost');
    if (events.readyState !== EventSource.CLOSED) return;
    stop();
    const status = await fetch(base, { method: 'HEAD' }).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 401 || status === 403) listener.connection('refused');
    else again(3_000);
  };

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) stop();
    else if (!source) {
      listener.connection('connecting');
      start();
    }
  });
  addEventListener('pagehide', stop);
  addEventListener('pageshow', (event) => event.persisted && start());
  listener.connection('connecting');
  start();
}

/** Sends an action and resolves to its result, for people. @throws {Error} with the server's text when the action was refused. */
export async function act(token: string, pool: string, name: string, params: Record<string, string> = {}): Promise<string> {
  const url = new URL(`pools/${encodeURIComponent(pool)}/${name}?${new URLSearchParams(params)}`, base);
  const response = await fetch(url, { method: 'POST', headers: { 'x-flame-token': token } }).catch(() => {
    throw new Error('The app cannot be reached.');
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text || `The app answered ${response.status}.`);
  return text;
}
