import { badOption } from '../../core/options/option-reader.js';
import type { Check } from '../../core/check.js';

/** The request of `npx nestjs-flame doctor` to the app that it starts: JSON in `FLAME_DOCTOR`. */
export interface DoctorRequest {
  /** The pools to examine; all when left out. */
  readonly pools?: readonly string[];
  /** Whether to boot a runner on each. */
  readonly boot: boolean;
}

/** The app's answers over the IPC channel that doctor opened. The field `flame` tells them from the app's own messages. */
export type DoctorMessage = { readonly flame: 'doctor' } & (
  | {
      readonly type: 'app';
      readonly version: string;
      readonly node: string;
      readonly pools: readonly string[];
      /** Whether `nestjs-flame/register` compiles the inline functions of this process. */
      readonly registered: boolean;
    }
  | { readonly type: 'pool'; readonly name: string; readonly backend: string }
  | { readonly type: 'check'; readonly check: Check }
  | { readonly type: 'over' }
);

/** Read once, when the module is loaded, so that the runners that doctor boots do not inherit it. */
const request = takeDoctorRequest(process.env);

/** The doctor request of this process; undefined outside of doctor. */
export function doctorRequest(): DoctorRequest | undefined {
  return request;
}

/**
 * Reads `env.FLAME_DOCTOR`, and takes it out of `env`.
 *
 * @throws {FlameError} FLAME_CONFIG if its value is not a doctor request.
 */
export function takeDoctorRequest(env: Record<string, string | undefined>): DoctorRequest | undefined {
  const text = env['FLAME_DOCTOR'];
  delete env['FLAME_DOCTOR'];
  if (text === undefined) return undefined;
  try {
    const { pools, boot } = JSON.parse(text) as DoctorRequest;
    if (typeof boot === 'boolean') return { pools, boot };
  } catch {
    // The error below says it.
  }
  throw badOption('FLAME_DOCTOR', 'was not set by npx nestjs-flame doctor', 'Unset it; the command sets it itself.');
}
