import { createRequire } from 'node:module';
import Big from 'big.js';
import BigNumber from 'bignumber.js';
import { Binary, Decimal128, Double, Int32, Long, ObjectId, Timestamp, UUID } from 'bson';
import dayjs from 'dayjs';
import 'dayjs/locale/de.js';
import timezone from 'dayjs/plugin/timezone.js';
import utc from 'dayjs/plugin/utc.js';
import { Decimal } from 'decimal.js';
import { DateTime, Duration, Interval } from 'luxon';
import moment from 'moment';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../core/codec/create-codec.js';
import { commonClasses } from './common-classes.js';

dayjs.extend(utc);
dayjs.extend(timezone);

const load = createRequire(__filename);
const codec = createCodec({ classes: commonClasses() });
const cross = <T>(value: T): T => codec.decode(codec.encode(value)) as T;
const id = '64b7f1a2c3d4e5f601234567';

/** A value, its class, and what is to be the same when it arrives. */
const table: [what: string, make: () => object, type: unknown, look: (value: never) => unknown][] = [
  ['ObjectId', () => new ObjectId(id), ObjectId, (value: ObjectId) => [value.toHexString(), value.equals(id)]],
  ['ObjectId of the CommonJS build', () => new (cjs('bson').ObjectId)(id), cjs('bson').ObjectId, (value: ObjectId) => value.toHexString()],
  ['Decimal128', () => Decimal128.fromString('1.10E+3'), Decimal128, String],
  ['Long', () => Long.fromString('18446744073709551615', true), Long, (value: Long) => [value.toString(), value.unsigned]],
  ['UUID', () => new UUID('aaaaaaaa-aaaa-4aaa-aaaa-aaaaaaaaaaaa'), UUID, (value: UUID) => value.toHexString()],
  ['Binary', () => new Binary(Buffer.from('abc'), 128), Binary, (value: Binary) => [value.toString('hex'), value.sub_type, value.position]],
  ['Timestamp', () => new Timestamp({ t: 5, i: 7 }), Timestamp, String],
  ['Int32', () => new Int32(-5), Int32, (value: Int32) => value.value],
  ['Double', () => new Double(1.5), Double, (value: Double) => value.value],
  ['Decimal', () => new Decimal('-0.1234567890123456789012345'), Decimal, (value: Decimal) => value.plus(1).toFixed()],
  ['Decimal of the CommonJS build', () => new (cjs('decimal.js').Decimal)('1e400'), cjs('decimal.js').Decimal, String],
  ['Big', () => new Big('-1.5e30'), Big, (value: Big) => value.plus(1).toFixed()],
  ['BigNumber', () => new BigNumber('-0'), BigNumber, (value: BigNumber) => value.valueOf()],
  ['Dayjs', () => dayjs(5).locale('de'), dayjs, (value: dayjs.Dayjs) => [value.toISOString(), value.locale(), value.format('MMMM')]],
  ['Dayjs in UTC', () => dayjs.utc(5), dayjs, (value: dayjs.Dayjs) => value.format()],
  ['Dayjs with an offset', () => dayjs(5).utcOffset(330), dayjs, (value: dayjs.Dayjs) => value.format()],
  ['Dayjs in a zone', () => dayjs.tz('2024-07-01 12:00', 'Asia/Tokyo'), dayjs, (value: dayjs.Dayjs) => value.format('YYYY-MM-DD HH:mm z')],
  ['Moment', () => moment(5), moment, (value: moment.Moment) => value.toISOString()],
  ['Moment with an offset', () => moment.parseZone('2024-01-01T00:00:00+05:30'), moment, (value: moment.Moment) => value.format()],
  ['Moment in UTC', () => moment.utc(5), moment, (value: moment.Moment) => [value.format(), value.isUTC()]],
  ['an invalid Moment', () => moment.invalid(), moment, (value: moment.Moment) => value.isValid()],
  ['Duration of moment', () => moment.duration({ months: 2, days: 1, ms: 5 }), undefined, (value: moment.Duration) => value.toISOString()],
  ['DateTime', () => DateTime.fromISO('2024-07-01T12:00', { zone: 'Asia/Tokyo', locale: 'de' }), DateTime, (value: DateTime) => [value.toISO(), value.zoneName, value.locale, value.toFormat('MMMM')]], // prettier-ignore
  ['DateTime with an offset', () => DateTime.fromMillis(5, { zone: 'UTC+5:30' }), DateTime, (value: DateTime) => value.toISO()],
  [
    'an invalid DateTime',
    () => DateTime.invalid('why', 'so'),
    DateTime,
    (value: DateTime) => [value.invalidReason, value.invalidExplanation],
  ],
  ['Duration', () => Duration.fromObject({ hours: 1.5, weeks: 2 }, { conversionAccuracy: 'longterm' }), Duration, (value: Duration) => [value.toObject(), (value as unknown as { conversionAccuracy: string }).conversionAccuracy]], // prettier-ignore
  ['Interval', () => Interval.after(DateTime.fromMillis(5, { zone: 'utc' }), { days: 2 }), Interval, (value: Interval) => [value.toISO(), value.start?.zoneName]], // prettier-ignore
];

describe('commonClasses', () => {
  it.each(table)('copies %s as the same type', (_, make, type, look) => {
    const value = make();
    const [back, other] = cross([{ value }, value]) as [{ value: object }, object];
    expect(look(back.value as never)).toEqual(look(value as never));
    if (type) expect(back.value).toBeInstanceOf(type);
    expect(Object.getPrototypeOf(back.value)).toBe(Object.getPrototypeOf(value));
    expect(other).toBe(back.value);
  });

  it('names these classes in the refusal if they are not registered', () => {
    expect(() => createCodec().encode({ id: new ObjectId(id) })).toThrow(/^id: an ObjectId cannot cross.*register the class ObjectId/);
    expect(() => createCodec().encode({ at: dayjs(5) })).toThrow(/^at: .* cannot cross.*`classes`/);
  });

  it('accepts no other object as one of them', () => {
    const plain = { _bsontype: 'ObjectId', id: 1, c: [1], e: 0, s: 1, isLuxonDateTime: true };
    expect(cross(plain)).toStrictEqual(plain);
    class Other {
      id = 1;
    }
    expect(cross(new Other())).toStrictEqual({ id: 1 });
  });
});

function cjs(name: string): Record<string, new (text: string) => object> {
  return load(name) as Record<string, new (text: string) => object>;
}
