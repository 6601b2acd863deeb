import type { WireFrame } from '../../libs/flame/src/transport/protocol/wire-frame.js';

const bytes = Buffer.from('value');

/** A frame of each kind, with all that it may hold. */
export const frames: readonly WireFrame[] = [
  {
    type: 'call',
    id: 1,
    handler: 0,
    args: bytes,
    mode: 'call',
    handlerTimeout: 1_000,
    linked: true,
    attempt: 1,
    context: bytes,
    child: 3,
    method: 'do',
  },
  { type: 'cancel', id: 1, cause: 'caller', reason: 'gone' },
  { type: 'ask' },
  { type: 'probe', id: 2 },
  { type: 'leave', grace: 30_000, reason: 'resized' },
  { type: 'release', id: 1, resource: 2 },
  { type: 'return', id: 300, value: bytes, held: false },
  { type: 'throw', id: 2, error: bytes, held: true },
  { type: 'refuse', id: 2, code: 'FLAME_DENIED', ran: 'no', reason: 'no such handler', held: false },
  { type: 'accept', id: 2 },
  { type: 'ended', id: 2, reason: 'done', byItself: true },
  { type: 'progress', id: 2, value: bytes },
  { type: 'position', id: 2, known: true, text: '1:1:0/3000148' },
  { type: 'consent', yes: true },
  { type: 'probed', id: 2, time: 1.5e12 },
  { type: 'leaving', reason: 'SIGTERM' },
  { type: 'tainted', reason: 'it ignores its abort' },
  { type: 'log', id: 1, level: 'warn', text: 'a line' },
  { type: 'stats', text: '{"cpu":1}' },
  { type: 'item', id: 3, stream: 0, value: bytes },
  { type: 'end', id: 3, stream: 0, error: bytes },
  { type: 'credit', id: 3, stream: 1, count: 16 },
  { type: 'stop', id: 3, stream: 1 },
  { type: 'chunk', id: 1, total: 40, bytes: Buffer.alloc(20, 1) },
  { type: 'chunk', id: 1, total: 0, bytes: Buffer.alloc(19, 1) },
  { type: 'shared', at: 0, length: 5, head: bytes },
];

const shared = { name: 'shared' };
const around: Record<string, unknown> = { shared };
around['self'] = around;

/** A value for each of the codec's marks, and what comes without. */
export const values: readonly unknown[] = [
  undefined,
  [1, -1, 0.5, 2 ** 40, 300, 70_000, true, false, null],
  { text: 'x', ключ: '🎬', deep: { list: [[], {}, [1]] } },
  [-0, 10n, -(2n ** 70n), new Date(5), new Date(NaN)],
  'a\ud800b',
  JSON.parse('{"__proto__":{"admin":true}}'),
  Object.assign([1, , 2], { extra: 1 }), // oxlint-disable-line no-sparse-arrays
  new Map<unknown, unknown>([
    [1, shared],
    [shared, new Set([1, shared])],
  ]),
  [/a+b/gi, Object(1), Object('text')],
  [new Uint8Array([1, 2, 3]), new Float64Array([1.5]), new DataView(new ArrayBuffer(8), 2, 4), new ArrayBuffer(3), Buffer.from('bytes')],
  Object.assign(new TypeError('no', { cause: new Error('because') }), { code: 'E', more: [1] }),
  new AggregateError([new RangeError('a')], 'several'),
  [new URL('https://example.org/a?b=c'), new URLSearchParams('a=b'), new DOMException('gone', 'AbortError')],
  [around, around],
];
