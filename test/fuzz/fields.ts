import type { SeededRandom } from '../support/seeded-random.js';

/** A field of protobuf: its tag, and what follows it, without the length if it has one. */
interface Field {
  readonly tag: number;
  readonly content: Buffer;
}

/** Numbers at which something turns. */
const telling = [0, 1, 2, 15, 16, 20, 30, 63, 64, 127, 128, 255, 256, 4_096, 65_535, 2 ** 20, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER];

/** Another message: a field more, fewer, elsewhere or with other content, all lengths being right; undefined when it is no message. */
export function mutateFields(message: Buffer, inner: (content: Buffer) => Buffer, random: SeededRandom): Buffer | undefined {
  const fields = fieldsOf(message);
  if (fields === undefined || fields.length === 0) return undefined;
  const at = random.below(fields.length);
  const field = fields[at]!;
  switch (random.below(8)) {
    case 0:
      fields.splice(at, 1);
      break;
    case 1:
      fields.splice(random.below(fields.length + 1), 0, field);
      break;
    case 2:
      fields.splice(random.below(fields.length), 0, ...fields.splice(at, 1));
      break;
    case 3:
      fields[at] = { ...field, tag: random.chance(0.5) ? random.below(256) : field.tag + 8 * (random.below(5) - 2) };
      break;
    default:
      fields[at] = { ...field, content: otherContent(field, inner, random) };
  }
  return Buffer.concat(fields.flatMap(({ tag, content }) => [varint(tag), ...(tag % 8 === 2 ? [varint(content.length)] : []), content]));
}

function otherContent({ tag, content }: Field, inner: (content: Buffer) => Buffer, random: SeededRandom): Buffer {
  if (tag % 8 === 0) return varint(random.chance(0.7) ? random.pick(telling) : random.below(300));
  if (tag % 8 !== 2) return Buffer.from(content.map((byte) => (random.chance(0.3) ? random.below(256) : byte)));
  return (random.chance(0.7) ? mutateFields(content, inner, random) : undefined) ?? inner(content);
}

function fieldsOf(message: Buffer): Field[] | undefined {
  const fields: Field[] = [];
  for (let at = 0; at < message.length;) {
    const tag = readVarint(message, at);
    if (tag === undefined) return undefined;
    at = tag.end;
    const kind = tag.value % 8;
    const number = kind === 0 || kind === 2 ? readVarint(message, at) : undefined;
    if (kind === 2 && number !== undefined) at = number.end;
    const end = kind === 0 ? number?.end : kind === 1 ? at + 8 : kind === 5 ? at + 4 : kind === 2 && number ? at + number.value : undefined;
    if (end === undefined || end > message.length) return undefined;
    fields.push({ tag: tag.value, content: message.subarray(at, end) });
    at = end;
  }
  return fields;
}

function readVarint(bytes: Buffer, start: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let at = start, unit = 1; at < bytes.length && at < start + 8; at++, unit *= 128) {
    value += (bytes[at]! & 127) * unit;
    if (bytes[at]! < 128) return { value, end: at + 1 };
  }
  return undefined;
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = Math.max(0, value);
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128);
  return Buffer.from([...out, rest]);
}
