import { describe, expect, it } from 'vitest';
import { ownContainerId } from './docker-self.js';

const id = 'a1'.repeat(32);

describe('ownContainerId', () => {
  it('finds the id in what the engine mounts into the container', () => {
    const mounts = `612 590 254:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n`;
    expect(ownContainerId(mounts, 'web-1')).toBe(id);
  });

  it('is not misled on a host by what is mounted for its containers', () => {
    const mounts = `812 29 0:55 / /var/lib/docker/containers/${id}/mounts/shm rw,nosuid - tmpfs shm rw,size=65536k\n`;
    expect(ownContainerId(mounts, 'web-1')).toBeUndefined();
  });

  it('takes a host name that looks like the beginning of an id for one', () => {
    expect(ownContainerId('', id.slice(0, 12))).toBe(id.slice(0, 12));
    expect(ownContainerId('', 'beef')).toBeUndefined();
  });
});
