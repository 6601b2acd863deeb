import { isIPv6 } from 'node:net';
import { badOption, show } from '../../core/options/option-reader.js';

const form = /^(?:\[[0-9a-fA-F:.%\w]+\]|[^\s:[\]]+):(\d{1,5})$/;

/** @throws {FlameError} FLAME_CONFIG if the value is not a `host:port`. */
export function readAddress(value: unknown, path: string): string {
  const port = typeof value === 'string' ? Number(form.exec(value)?.[1] ?? 0) : 0;
  if (port > 0 && port < 65_536) return value as string;
  throw badOption(path, `must be host:port, but is ${show(value)}`, "Pass for example '10.0.0.4:7171' or '[fdaa::3]:7171'.");
}

export function joinAddress(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
