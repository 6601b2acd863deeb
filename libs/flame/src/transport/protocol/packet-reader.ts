import type { Frame } from '../../core/session/frame.js';
import { ProtoReader, Violation } from './protobuf.js';
import { causes, kinds, modes, packetTags, payloadOf, tags, type WireFrame } from './wire-frame.js';

const none = new Uint8Array(0);

/** Reads the numbers of a packet and leaves the reader at its frames. @throws {Violation} */
export function readNumbers(from: ProtoReader): { seq: number; ack: number } {
  let seq = 0;
  let ack = 0;
  while (!from.done) {
    const before = from.at;
    const tag = from.varint();
    if (tag === packetTags.seq) seq = from.varint();
    else if (tag === packetTags.ack) ack = from.varint();
    else if (tag === packetTags.frames) {
      from.at = before;
      break;
    } else if (tag === packetTags.hello || tag === packetTags.welcome) throw new Violation('a second introduction');
    else from.skip(tag);
  }
  return { seq, ack };
}

/** Moves to the next frame of a packet. Returns the end of the frame; undefined after the last frame. @throws {Violation} */
export function enterFrame(from: ProtoReader): number | undefined {
  while (!from.done) {
    const tag = from.varint();
    if (tag === packetTags.frames) return from.length() + from.at;
    if (tag < packetTags.frames) throw new Violation('a packet has its numbers after its frames');
    from.skip(tag);
  }
  return undefined;
}

/** Reads the fields from the current position to `end` as one frame. @throws {Violation} when they are not a frame. */
export function readFrame(from: ProtoReader, end: number): WireFrame {
  const outer = from.end;
  from.end = end;
  const fields = readFields(from);
  from.end = outer;
  return build(fields);
}

/**
 * Reads a frame that `writeBare` wrote, and adds its payload.
 *
 * @throws {Violation} when the bytes are not a frame, or when such a frame has no payload.
 */
export function withPayload(head: Uint8Array, payload: Uint8Array): WireFrame {
  readFields(new ProtoReader(head));
  fields.payload = payload;
  const frame = build(fields);
  if (payloadOf(frame) !== payload) throw new Violation(`a "${frame.type}" frame with a shared value, but such a frame has no value`);
  return frame;
}

class Fields {
  kind = 0;
  id = 0;
  handler = 0;
  payload: Uint8Array | undefined = undefined;
  time = 0;
  mode = 0;
  linked = false;
  attempt = 0;
  held = false;
  stream = 0;
  count = 0;
  text = '';
  code = '';
  ran = '';
  cause = 0;
  yes = false;
  resource = 0;
  context: Uint8Array | undefined = undefined;
  child: number | undefined = undefined;
  method: string | undefined = undefined;
  trace: string | undefined = undefined;
  span: string | undefined = undefined;
  tracks: boolean | undefined = undefined;
  position = false;

  clear(): void {
    this.kind = this.id = this.handler = this.time = this.mode = this.attempt = this.stream = this.count = this.cause = this.resource = 0;
    this.linked = this.held = this.yes = this.position = false;
    this.text = this.code = this.ran = '';
    this.payload = this.context = this.child = this.method = this.trace = this.span = this.tracks = undefined;
  }
}

/** All frames share this object: each frame is built before the next one is read. */
const fields = new Fields();

function readFields(from: ProtoReader): Fields {
  fields.clear();
  while (!from.done) {
    const tag = from.varint();
    switch (tag) {
      case tags.kind:
        fields.kind = from.varint();
        break;
      case tags.id:
        fields.id = from.varint();
        break;
      case tags.handler:
        fields.handler = from.varint();
        break;
      case tags.payload:
        fields.payload = from.blob();
        break;
      case tags.time:
        fields.time = from.double();
        break;
      case tags.mode:
        fields.mode = from.varint();
        break;
      case tags.linked:
        fields.linked = from.bool();
        break;
      case tags.attempt:
        fields.attempt = from.varint();
        break;
      case tags.held:
        fields.held = from.bool();
        break;
      case tags.stream:
        fields.stream = from.varint();
        break;
      case tags.count:
        fields.count = from.varint();
        break;
      case tags.text:
        fields.text = from.string();
        break;
      case tags.code:
        fields.code = from.string();
        break;
      case tags.ran:
        fields.ran = from.string();
        break;
      case tags.cause:
        fields.cause = from.varint();
        break;
      case tags.yes:
        fields.yes = from.bool();
        break;
      case tags.resource:
        fields.resource = from.varint();
        break;
      case tags.context:
        fields.context = from.blob();
        break;
      case tags.child:
        fields.child = from.varint();
        break;
      case tags.method:
        fields.method = from.string();
        break;
      case tags.trace:
        fields.trace = from.string();
        break;
      case tags.span:
        fields.span = from.string();
        break;
      case tags.tracks:
        fields.tracks = from.bool();
        break;
      case tags.position:
        fields.position = from.bool();
        break;
      default:
        from.skip(tag);
    }
  }
  return fields;
}

function build(f: Fields): WireFrame {
  switch (f.kind) {
    case kinds.call: {
      const mode = modes[f.mode];
      if (mode === undefined) throw new Violation(`a call has the unknown mode ${f.mode}`);
      const call: Frame & { type: 'call' } = {
        type: 'call',
        id: f.id,
        handler: f.handler,
        args: f.payload ?? none,
        mode,
        handlerTimeout: f.time,
        linked: f.linked,
        attempt: f.attempt,
      };
      if (f.context !== undefined) call.context = f.context;
      if (f.child !== undefined) call.child = f.child;
      if (f.method !== undefined) call.method = f.method;
      if (f.trace !== undefined) call.trace = f.span === undefined ? f.trace : { traceId: f.trace, spanId: f.span };
      if (f.tracks !== undefined) call.tracks = f.tracks;
      if (f.position) call.position = true;
      return call;
    }
    case kinds.cancel: {
      const cause = causes[f.cause];
      if (cause === undefined) throw new Violation(`a cancel has the unknown cause ${f.cause}`);
      return { type: 'cancel', id: f.id, cause, reason: f.text };
    }
    case kinds.ask:
      return { type: 'ask' };
    case kinds.leave:
      return { type: 'leave', grace: f.time, reason: f.text };
    case kinds.release:
      return { type: 'release', id: f.id, resource: f.resource };
    case kinds.return:
      return { type: 'return', id: f.id, value: f.payload ?? none, held: f.held };
    case kinds.throw:
      return { type: 'throw', id: f.id, error: f.payload ?? none, held: f.held };
    case kinds.refuse:
      return { type: 'refuse', id: f.id, code: f.code, ran: f.ran, reason: f.text, held: f.held };
    case kinds.accept:
      return { type: 'accept', id: f.id };
    case kinds.ended:
      return { type: 'ended', id: f.id, reason: f.text, ...(f.yes ? { byItself: true } : undefined) };
    case kinds.progress:
      return { type: 'progress', id: f.id, value: f.payload ?? none };
    case kinds.position:
      return { type: 'position', id: f.id, known: f.yes, text: f.text };
    case kinds.consent:
      return { type: 'consent', yes: f.yes };
    case kinds.leaving:
      return { type: 'leaving', reason: f.text };
    case kinds.tainted:
      return { type: 'tainted', reason: f.text };
    case kinds.log:
      return { type: 'log', id: f.id, level: f.code, text: f.text, ...(f.time === 0 ? undefined : { time: f.time }) };
    case kinds.stats:
      return { type: 'stats', text: f.text };
    case kinds.probe:
      return { type: 'probe', id: f.id };
    case kinds.probed:
      return { type: 'probed', id: f.id, time: f.time };
    case kinds.item:
      return { type: 'item', id: f.id, stream: f.stream, value: f.payload ?? none };
    case kinds.end:
      return { type: 'end', id: f.id, stream: f.stream, ...(f.payload === undefined ? undefined : { error: f.payload }) };
    case kinds.credit:
      return { type: 'credit', id: f.id, stream: f.stream, count: f.count };
    case kinds.stop:
      return { type: 'stop', id: f.id, stream: f.stream };
    case kinds.chunk:
      return { type: 'chunk', id: f.id, total: f.count, bytes: f.payload ?? none };
    case kinds.shared:
      return { type: 'shared', at: f.resource, length: f.count, head: f.payload ?? none };
    case kinds.sharing:
      return { type: 'sharing' };
    case kinds.short:
      return { type: 'short' };
    case kinds.close:
      return { type: 'close', reason: f.text };
    default:
      throw new Violation(`a frame has the unknown kind ${f.kind}`);
  }
}
