import { isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Check } from '../../core/check.js';
import type { FlyApi } from './fly-api.js';
import { FlyApiError } from './fly-failure.js';
import { flyPrefix } from './fly-orphans.js';

/** Checks everything that a boot needs of Fly. Stops after the first failure that makes the remaining checks meaningless. */
export async function examineFly(api: FlyApi, parentHostname: string, parent: string, signal: AbortSignal): Promise<Check[]> {
  const checks: Check[] = [];
  try {
    await api.describe(signal);
    checks.push({ name: 'engine', ok: true, message: `the Machines API at ${api.host} knows the app ${api.app}` });
    await api.list(`${flyPrefix}parent`, parent, signal);
    checks.push({ name: 'rights', ok: true, message: `the token may list the machines of ${api.app}` });
  } catch (error) {
    if (!(error instanceof FlyApiError)) throw error;
    return [...checks, failedCheck(error, api)];
  }
  return [...checks, networkCheck(parentHostname)];
}

/** The failed check for this error, with its fix. */
function failedCheck(error: FlyApiError, { app, host }: FlyApi): Check {
  const found = error.message;
  if (error.status === 404)
    return {
      name: 'engine',
      ok: false,
      message: found,
      fix: `Set FlyBackend's option app, or FLY_APP_NAME: the app "${app}" does not exist.`,
    };
  if (error.status === 401 || error.status === 403)
    return {
      name: 'rights',
      ok: false,
      message: found,
      fix: `Set a token for this app: fly secrets set FLY_API_TOKEN="$(fly tokens create deploy --app ${app})".`,
    };
  return {
    name: 'engine',
    ok: false,
    message: found,
    fix: `Set FlyBackend's option host, or FLY_API_HOSTNAME, if ${host} is not the Machines API that this process can reach.`,
  };
}

/** Checks whether runners can reach this process at that address. */
function networkCheck(host: string): Check {
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => plain(address)));
  if (isIP(host) === 0) return { name: 'network', ok: true, message: `runners will connect to this process at ${host}` };
  if (own.includes(plain(host)))
    return {
      name: 'network',
      ok: true,
      message: `${host}, the address at which runners will connect to this process, belongs to this machine`,
    };
  const fix =
    "On Fly, omit FlyBackend's option parentHostname: FLY_PRIVATE_IP has the address. Elsewhere set it to an address of this machine that runners can reach.";
  return {
    name: 'network',
    ok: false,
    message: `${host}, the address at which runners will connect to this process, does not belong to this machine`,
    fix,
  };
}

/** The shortest form of an address. */
function plain(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname : address;
}
