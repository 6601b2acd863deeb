import type { SshHost } from './ssh-host.js';

/** What decides where a runner starts. */
export type Place = Pick<SshHost, 'used' | 'resting' | 'name'> & { readonly config: Pick<SshHost['config'], 'max'> };

/**
 * The hosts with a free place, in the order in which to try them: fewest runners relative to `max` first, and those that have just failed
 * last.
 */
export function tryInOrder<T extends Place>(hosts: readonly T[]): T[] {
  const load = ({ used, config }: T): number => used / config.max;
  const order = hosts.map((host) => ({ host, resting: host.resting === undefined ? 0 : 1, load: load(host) }));
  return order
    .filter(({ load }) => load < 1)
    .sort((a, b) => a.resting - b.resting || a.load - b.load)
    .map(({ host }) => host);
}

/** For errors: `10.0.0.7 (4 of 4), 10.0.0.8 (2 of 2)`. */
export function placesTaken(hosts: readonly Place[]): string {
  return hosts.map(({ name, used, config }) => `${name} (${used} of ${config.max})`).join(', ');
}
