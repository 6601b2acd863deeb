import { FlameError } from '../core/errors/flame-error.js';
import type { InstanceInfo, KnownPeer } from './instances/instance-info.js';

const ms = (duration: number): string => `${Math.round(duration)} ms`;

export function describe({ id, region, address, version }: InstanceInfo): string {
  return `${id} (region ${region}, ${address}, version ${version})`;
}

/** The known regions with their number of instances, and the addresses that take no calls, with the reasons. */
function known(all: readonly InstanceInfo[], peers: readonly KnownPeer[]): string {
  const counts = new Map<string, number>();
  for (const { region } of all) counts.set(region, (counts.get(region) ?? 0) + 1);
  const regions = [...counts].map(([region, count]) => `${region} (${count})`).join(', ');
  const silent = peers.filter(({ trouble }) => trouble !== undefined).slice(0, 5);
  const troubles = silent.map(({ address, trouble }) => `${address}: ${trouble}`).join('; ');
  return `Regions known: ${regions}.${troubles === '' ? '' : ` Instances that accept no calls: ${troubles}.`}`;
}

export function noInstance(label: string, region: string, all: readonly InstanceInfo[], peers: readonly KnownPeer[]): FlameError {
  return new FlameError('FLAME_REFUSED', `${label} was not run: no instance of region "${region}" answers. ${known(all, peers)}`);
}

export function noSuchInstance(label: string, id: string, all: readonly InstanceInfo[], peers: readonly KnownPeer[]): FlameError {
  const ids = all.map((instance) => instance.id).join(', ');
  return new FlameError(
    'FLAME_REFUSED',
    `${label} was not run: no instance "${id}" answers. The instances are: ${ids}. ${known(all, peers)}`,
  );
}

export function noHandler(label: string, lacking: readonly InstanceInfo[], own: InstanceInfo): FlameError {
  const them = lacking.map(describe).join(', ');
  return new FlameError(
    'FLAME_DENIED',
    `${label} was not run: instance ${them} ${lacking.length === 1 ? 'does' : 'do'} not have it; this instance, ${own.id}, has version ${own.version}. ` +
      `During a deploy, keep the old method beside the new one until all instances have the new one (docs/regions/deploys.md).`,
  );
}

export function noPositions(label: string, able: readonly InstanceInfo[]): FlameError {
  const them = able.map(describe).join(', ');
  return new FlameError(
    'FLAME_DENIED',
    `${label} was not run: instance ${them} ${able.length === 1 ? 'does' : 'do'} not report the position of the database's log, which awaitReplica needs. ` +
      `Set replicationClock there, or update nestjs-flame there; during a deploy, update the primary region first (docs/read-your-writes.md).`,
  );
}

export function noClock(label: string, option: string): FlameError {
  return new FlameError(
    'FLAME_CONFIG',
    `${label} has the option ${option}, but FlameRpcModule has no replicationClock. Set it, for example to PostgresReplicationClock.pg(pool).`,
  );
}

export function notPrimary(label: string, region: string, primary: string): FlameError {
  return new FlameError(
    'FLAME_CONFIG',
    `${label} has the option awaitReplica, but goes to region "${region}": only calls to the primary region ("${primary}") can wait for the replica. Omit awaitReplica.`,
  );
}

/** The handler ran, but the local replica does not have its writes. `where` is the time that was spent on it. */
export function replicaBehind(label: string, limit: number, result: object, cause: unknown): FlameError {
  const why = cause instanceof Error ? ` The replica's last error: ${cause.message}` : '';
  return new FlameError(
    'FLAME_TIMEOUT',
    `${label} ran, but the local replica did not have its writes ${ms(limit)} after the result had come.${why}`,
    { ran: 'yes', cause, ...result },
  );
}

/** The handler ran, but whether the local replica will have its writes is unknown. */
export function replicaUnknown(label: string, why: string, result: object, cause?: unknown): FlameError {
  return new FlameError('FLAME_LOST', `${label} ran, but whether the local replica has its writes cannot be known: ${why}.`, {
    ran: 'yes',
    cause,
    ...result,
  });
}

export function sessionBehind(limit: number, cause: unknown): FlameError {
  const why = cause instanceof Error ? ` The replica's last error: ${cause.message}` : '';
  return new FlameError('FLAME_TIMEOUT', `The local replica did not have what this session wrote within ${ms(limit)}.${why}`, { cause });
}

export function sessionUnknown(why: string): FlameError {
  return new FlameError('FLAME_LOST', `Whether the local replica has what a session wrote cannot be known: ${why}.`);
}

export function replicaWaitCancelled(label: string, reason: string, result: object, cause: unknown): FlameError {
  return new FlameError('FLAME_CANCELLED', `${label} ran, and was cancelled while it waited for the local replica: ${reason}`, {
    ran: 'yes',
    cause,
    ...result,
  });
}

export function timedOut(label: string, where: string, timeout: number, ran: 'no' | 'maybe'): FlameError {
  return new FlameError('FLAME_TIMEOUT', `${label} timed out after ${ms(timeout)} ${where}.`, { ran });
}

export function cancelledCall(label: string, where: string, reason: string, cause: unknown): FlameError {
  return new FlameError('FLAME_CANCELLED', `${label} was cancelled ${where}: ${reason}`, { ran: 'maybe', cause });
}

export function notRead(label: string): FlameError {
  return new FlameError('FLAME_CANCELLED', `${label} was cancelled while running here: its stream is no longer read`, {
    ran: 'maybe',
  });
}

export function neverSent(label: string, reason: string, cause: unknown): FlameError {
  return new FlameError('FLAME_CANCELLED', `${label} was not started: its signal was already aborted (${reason})`, { cause });
}

export function lostCall(label: string, where: string, how: string): FlameError {
  return new FlameError('FLAME_LOST', `${label} was lost with ${where} (${how}).`, { ran: 'maybe' });
}

export function closing(label: string): FlameError {
  return new FlameError('FLAME_REFUSED', `${label} was not run: this instance is shutting down and makes no more calls`);
}
