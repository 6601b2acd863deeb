import { badOption } from '../../core/options/option-reader.js';
import { loadSsh2 } from './ssh-connection.js';
import type { SshHostConfig } from './ssh-options.js';

/** Checks that the private keys can be read. @throws {FlameError} FLAME_CONFIG that names the option, and shows no key. */
export async function checkKeys(hosts: readonly SshHostConfig[]): Promise<void> {
  const { utils } = await loadSsh2();
  hosts.forEach(({ privateKey, passphrase }, index) => {
    if (privateKey === undefined) return;
    const read = utils.parseKey(privateKey, passphrase);
    if (!(read instanceof Error)) return;
    const locked = /passphrase|decrypt|bad integrity/i.test(read.message);
    throw badOption(
      `SshBackend.hosts[${index}].privateKey`,
      `cannot be read: ${read.message}`,
      locked ? 'Set passphrase to the passphrase of the key.' : 'Pass the content of a private key in the format of OpenSSH or PEM.',
    );
  });
}
