type AnyFunction = (...args: never[]) => unknown;

/** Express's and Node's request and response, Fastify's, and those of `fetch`, by the members that only they have. */
type HttpObject =
  | { httpVersion: string; socket: object; headers: object }
  | { writeHead: AnyFunction; setHeader: AnyFunction }
  | { raw: { httpVersion: string; socket: object } }
  | { raw: { writeHead: AnyFunction; setHeader: AnyFunction } }
  | { headers: object; bodyUsed: boolean; formData: AnyFunction };

/** The objects of TypeORM, MikroORM, Prisma and Sequelize that hold a connection. */
type DatabaseObject =
  { getRepository: AnyFunction; transaction: AnyFunction } | { persist: AnyFunction; flush: AnyFunction } | { $transaction: AnyFunction };

type AnyClass = abstract new (...args: never[]) => unknown;

type Refused = AnyFunction | AnyClass | HttpObject | DatabaseObject;

/** `any` and `never` say nothing of a value. An optional argument may be left out. */
type RefusedArgument<T> = 0 extends 1 & T ? never : [T] extends [never] ? never : [T] extends [Refused] ? T : never;

type RefusedArguments<P extends unknown[]> = Exclude<{ [K in keyof P]: RefusedArgument<P[K]> }[number], undefined>;

/**
 * Why a method cannot return its result, `R`, from elsewhere, or take its arguments there: functions, HTTP requests and responses and database
 * managers cannot be copied. `void` for all other methods. It only covers what types show; values are checked when a call is made.
 */
export type RefusedMethod<M, R> = M extends (...args: infer P extends unknown[]) => infer Q
  ? [RefusedArguments<P>] extends [never]
    ? [Q] extends [R]
      ? void
      : { 'the result of this method cannot come from a runner': Q }
    : { 'an argument of this method cannot be copied to a runner': RefusedArguments<P> }
  : void;

/** `unknown` for a method that `RefusedMethod` refuses, `never` for all others. */
export type IfRefused<M, R> = RefusedMethod<M, R> extends void ? never : unknown;
