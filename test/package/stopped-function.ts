import { eachMapping, originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import type { EachMapping } from '@jridgewell/trace-mapping';
import { DebuggerClient } from '../support/debugger-client.js';
import type { RunningApp } from './running-app.js';

interface Script {
  readonly scriptId: string;
  readonly url: string;
  readonly sourceMapURL?: string;
}

interface Paused {
  readonly callFrames: readonly {
    readonly callFrameId: string;
    readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber: number };
  }[];
}

/** Where a debugger stopped, as it shows it to its user. */
export interface Stopped {
  readonly pid: unknown;
  readonly source: string | null;
  readonly line: number | null;
  /** The compiled code from there to the end of its line: what runs next, whatever the map says. */
  readonly next: string;
  readonly name: unknown;
}

/** Sets a breakpoint in a line of the source on the app's one runner, as debuggers do: at each place that the script's map names for it. */
export async function stopOnRunner(server: RunningApp, file: string, line: number, call: () => Promise<unknown>): Promise<Stopped> {
  await call();
  const [, url] = /runner \S+ of pool "work": Debugger listening on (ws:[\w.:/-]+)/.exec(server.output)!;
  const client = await DebuggerClient.attach(url!);
  const scripts: Script[] = [];
  client.on('Debugger.scriptParsed', (script) => scripts.push(script as Script));
  await client.send('Debugger.enable');
  const script = scripts.find((script) => script.url.endsWith(file))!;
  const map = mapOf(script);
  const paused = client.event('Debugger.paused') as Promise<Paused>;
  for (const { generatedLine, generatedColumn } of placesOf(map, line)) {
    const location = { scriptId: script.scriptId, lineNumber: generatedLine - 1, columnNumber: generatedColumn };
    // The first place of a statement may be no place to stop at, or one that is taken.
    await client.send('Debugger.setBreakpoint', { location }).catch(() => undefined);
  }
  const answered = call();
  const [frame] = (await paused).callFrames;
  const { lineNumber, columnNumber } = frame!.location;
  const { source, line: shown } = originalPositionFor(map, { line: lineNumber + 1, column: columnNumber });
  const { scriptSource } = (await client.send('Debugger.getScriptSource', { scriptId: script.scriptId })) as { scriptSource: string };
  const next = scriptSource.split('\n')[lineNumber]!.slice(columnNumber);
  const evaluate = async (expression: string): Promise<unknown> =>
    ((await client.send('Debugger.evaluateOnCallFrame', { callFrameId: frame!.callFrameId, expression })) as { result: { value: unknown } })
      .result.value;
  const stopped = { pid: await evaluate('process.pid'), source, line: shown, next, name: await evaluate('name') };
  await client.send('Debugger.disable');
  await answered;
  return stopped;
}

function mapOf({ sourceMapURL }: Script): TraceMap {
  const [, base64] = /^data:[^,]*;base64,(.*)$/.exec(sourceMapURL!)!;
  return new TraceMap(JSON.parse(Buffer.from(base64!, 'base64').toString()) as ConstructorParameters<typeof TraceMap>[0]);
}

function placesOf(map: TraceMap, line: number): EachMapping[] {
  const found: EachMapping[] = [];
  eachMapping(map, (mapping) => {
    if (mapping.originalLine === line) found.push(mapping);
  });
  return found;
}
