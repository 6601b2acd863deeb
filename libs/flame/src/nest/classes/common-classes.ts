import type { RegisteredKind } from '../../core/codec/codec.js';
import { PackageCopies } from './package-copies.js';
import type { Source } from './package-copies.js';

/**
 * Entries for the option `classes`, for values of packages that many apps use: bson (also as part of mongodb and mongoose: ObjectId,
 * Decimal128, Long, Binary, UUID, Timestamp, Int32, Double), decimal.js, big.js, bignumber.js, dayjs, luxon (DateTime, Duration, Interval)
 * and moment (with durations). No package has to be installed, and a package is loaded only when a value of it crosses. If an app has
 * several copies of a package, each value arrives as an instance of the copy that made it.
 *
 * A package's global settings do not cross (decimal.js's precision, formats given to moment). Plugins of dayjs must be set up on both
 * sides, which is the case if a module of the app does so.
 *
 * @example FlameModule.forRoot(pools, { classes: [...commonClasses(), Invoice] })
 */
export function commonClasses(): RegisteredKind[] {
  return [...bson(), ...numbers(), ...dates()];
}

type Fields = Record<string, unknown>;

/** How values of one class cross. The number of their copy crosses with them. */
interface Kind {
  readonly name: string;
  readonly sources: readonly Source[];
  readonly is: (value: Fields) => boolean;
  readonly take: (value: never) => unknown;
  /** Makes the value with its class, or with its factory function. */
  readonly make: (type: Maker, content: never) => unknown;
}

type Maker = ReturnType<PackageCopies['at']>;

function kind({ name, sources, is, take, make }: Kind): RegisteredKind {
  const copies = new PackageCopies(sources);
  return {
    name,
    is: (value) => is(value as Fields),
    encode: (value: object) => [copies.copyOf(value), take(value as never)],
    decode: ([copy, content]: [number, unknown]) => make(copies.at(copy), content as never),
  };
}

/** A named export of a package. In an ES module it may be a property of the default export. */
function from(name: string, exported: string): Source {
  return { name, pick: (exports) => exports[exported] ?? (exports['default'] as Fields | undefined)?.[exported] };
}

/** The package's exports if they are a function, or else its default export. */
function itself(exports: Fields): unknown {
  return typeof exports === 'function' ? exports : exports['default'];
}

function construct(type: Maker, ...args: unknown[]): unknown {
  return Reflect.construct(type, args);
}

/** mongodb and mongoose contain their own bson. */
function bson(): RegisteredKind[] {
  const sources = (type: string): Source[] => [
    from('bson', type),
    from('mongodb', type),
    { name: 'mongoose', pick: (exports) => (((exports['default'] ?? exports) as Fields)['mongo'] as Fields | undefined)?.[type] },
  ];
  const branded = (type: string, take: Kind['take'], make: Kind['make'], brand = type): RegisteredKind =>
    kind({ name: `bson ${type}`, sources: sources(type), is: (value) => isBson(value, brand), take, make });
  const uuid = kind({
    name: 'bson UUID',
    sources: sources('UUID'),
    is: (value) => isBson(value, 'Binary') && typeof value['toHexString'] === 'function',
    take: (value: { toHexString(): string }) => value.toHexString(),
    make: construct,
  });
  const text = (value: object): string => String(value);
  const number = ({ value }: { value: number }): number => value;
  return [
    uuid,
    branded('ObjectId', (value: { toHexString(): string }) => value.toHexString(), construct),
    branded('Decimal128', text, (type, digits) => type['fromString']!(digits)),
    branded('Timestamp', text, (type, digits) => type['fromString']!(digits)),
    branded(
      'Long',
      (value: { unsigned: boolean }) => [String(value), value.unsigned],
      (type, [digits, unsigned]: [string, boolean]) => type['fromString']!(digits, unsigned),
    ),
    branded(
      'Binary',
      (value: { sub_type: number; buffer: Uint8Array; position: number }) => [
        Buffer.from(value.buffer.subarray(0, value.position)),
        value.sub_type,
      ],
      (type, [bytes, subType]: [Buffer, number]) => construct(type, bytes, subType),
    ),
    branded('Int32', number, construct),
    branded('Double', number, construct),
  ];
}

/** Older versions have the brand ObjectID instead of ObjectId. */
function isBson(value: Fields, brand: string): boolean {
  return value['_bsontype'] === brand || (brand === 'ObjectId' && value['_bsontype'] === 'ObjectID');
}

function numbers(): RegisteredKind[] {
  const text = (value: { valueOf(): string }): string => value.valueOf();
  const digits = (value: Fields): boolean => Array.isArray(value['c']) && typeof value['e'] === 'number' && typeof value['s'] === 'number';
  return [
    kind({
      name: 'decimal.js Decimal',
      sources: [{ name: 'decimal.js', pick: (exports) => exports['Decimal'] ?? exports['default'] }],
      is: (value) => value['toStringTag'] === '[object Decimal]' || value[Symbol.toStringTag as never] === 'Decimal',
      take: text,
      make: construct,
    }),
    kind({
      name: 'bignumber.js BigNumber',
      sources: [{ name: 'bignumber.js', pick: (exports) => exports['BigNumber'] ?? itself(exports) }],
      is: (value) => value['_isBigNumber'] === true,
      take: text,
      make: construct,
    }),
    kind({
      name: 'big.js Big',
      sources: [{ name: 'big.js', pick: (exports) => exports['Big'] ?? itself(exports) }],
      is: (value) => digits(value) && typeof value['prec'] === 'function' && typeof value['cmp'] === 'function',
      take: text,
      make: construct,
    }),
  ];
}

interface Zoned {
  readonly at: number;
  readonly locale: string;
  readonly utc: boolean;
  readonly offset: number | undefined;
  readonly zone: string | undefined;
}

function dates(): RegisteredKind[] {
  return [
    kind({
      name: 'dayjs Dayjs',
      sources: [{ name: 'dayjs', pick: itself }],
      is: (value) => value['$isDayjsObject'] === true,
      take: (value: { valueOf(): number; $L: string; $u?: boolean; $offset?: number; $x?: { $timezone?: string } }): Zoned => {
        return { at: value.valueOf(), locale: value.$L, utc: value.$u === true, offset: value.$offset, zone: value.$x?.$timezone };
      },
      make: makeDayjs,
    }),
    kind({
      name: 'moment Moment',
      sources: [{ name: 'moment', pick: itself }],
      is: (value) => value['_isAMomentObject'] === true,
      take: (value: { valueOf(): number; locale(): string; utcOffset(): number; _isUTC?: boolean; _z?: { name?: string } }): Zoned => {
        const { _isUTC: utc = false, _z: zone } = value;
        return { at: value.valueOf(), locale: value.locale(), utc, offset: utc ? value.utcOffset() : undefined, zone: zone?.name };
      },
      make: makeMoment,
    }),
    kind({
      name: 'moment Duration',
      sources: [{ name: 'moment', pick: (exports) => (itself(exports) as Fields | undefined)?.['duration'] }],
      is: (value) => typeof value['_milliseconds'] === 'number' && typeof value['_bubble'] === 'function',
      take: ({ _milliseconds, _days, _months }: { _milliseconds: number; _days: number; _months: number }) => {
        return { milliseconds: _milliseconds, days: _days, months: _months };
      },
      make: (duration, parts) => (duration as unknown as (parts: unknown) => unknown)(parts),
    }),
    ...luxon(),
  ];
}

function makeDayjs(dayjs: Maker, { at, locale, utc, offset, zone }: Zoned): unknown {
  interface Dayjs {
    locale(name: string): Dayjs;
    tz(zone: string): Dayjs;
    utcOffset(minutes: number): Dayjs;
  }
  const make = (utc ? need(dayjs, 'utc') : dayjs) as unknown as (at: number) => Dayjs;
  let made = make(at);
  if (zone !== undefined) {
    need(dayjs, 'tz');
    made = made.tz(zone);
  } else if (offset !== undefined && !utc) {
    need(dayjs, 'utc');
    made = made.utcOffset(offset);
  }
  return made.locale(locale);
}

function need(dayjs: Maker, plugin: string): unknown {
  const found = dayjs[plugin];
  if (found) return found;
  throw new Error(
    `dayjs lacks the plugin "${plugin === 'tz' ? 'timezone' : plugin}" here: extend dayjs with it in a module that both sides load`,
  );
}

function makeMoment(moment: Maker, { at, locale, offset, zone }: Zoned): unknown {
  interface Moment {
    locale(name: string): Moment;
    tz?(zone: string): Moment;
    utcOffset(minutes: number): Moment;
  }
  const made = (moment as unknown as (at: number) => Moment)(at).locale(locale);
  if (zone !== undefined && made.tz) return made.tz(zone);
  return offset === undefined ? made : made.utcOffset(offset);
}

function luxon(): RegisteredKind[] {
  interface Localized {
    readonly locale: string;
    readonly numberingSystem: string | undefined;
    readonly outputCalendar: string | undefined;
    readonly conversionAccuracy: string | undefined;
    readonly invalidReason: string | null;
    readonly invalidExplanation: string | null;
  }
  type Content = { settings: Fields; invalid: [string, string | null] | undefined };
  const about = (value: Localized): Content => ({
    settings: { locale: value.locale, numberingSystem: value.numberingSystem },
    invalid: value.invalidReason === null ? undefined : [value.invalidReason, value.invalidExplanation],
  });
  return [
    kind({
      name: 'luxon DateTime',
      sources: [from('luxon', 'DateTime')],
      is: (value) => value['isLuxonDateTime'] === true,
      take: (value: Localized & { toMillis(): number; zone: { name: string; type: string } }) => {
        const { settings, invalid } = about(value);
        const zone = value.zone.type === 'system' ? 'system' : value.zone.name;
        return { at: value.toMillis(), settings: { ...settings, outputCalendar: value.outputCalendar, zone }, invalid };
      },
      make: (type, { at, settings, invalid }: Content & { at: number }) =>
        invalid ? type['invalid']!(...invalid) : type['fromMillis']!(at, settings),
    }),
    kind({
      name: 'luxon Duration',
      sources: [from('luxon', 'Duration')],
      is: (value) => value['isLuxonDuration'] === true,
      take: (value: Localized & { toObject(): unknown }) => {
        const { settings, invalid } = about(value);
        return { parts: value.toObject(), settings: { ...settings, conversionAccuracy: value.conversionAccuracy }, invalid };
      },
      make: (type, { parts, settings, invalid }: Content & { parts: unknown }) =>
        invalid ? type['invalid']!(...invalid) : type['fromObject']!(parts, settings),
    }),
    kind({
      name: 'luxon Interval',
      sources: [from('luxon', 'Interval')],
      is: (value) => value['isLuxonInterval'] === true,
      take: (value: Localized & { start: unknown; end: unknown }) => ({ ends: [value.start, value.end], invalid: about(value).invalid }),
      make: (type, { ends, invalid }: { ends: unknown[]; invalid: Content['invalid'] }) =>
        invalid ? type['invalid']!(...invalid) : type['fromDateTimes']!(...ends),
    }),
  ];
}
