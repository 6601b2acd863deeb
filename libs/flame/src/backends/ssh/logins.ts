import { readFile } from 'node:fs/promises';
import { badOption, show } from '../../core/options/option-reader.js';
import { loadSsh2 } from './ssh-connection.js';
import type { SshHostConfig } from './ssh-options.js';

/**
 * Completes how to log in to each host: with its private key, which is read from its file, or with an SSH agent.
 *
 * @throws {FlameError} FLAME_CONFIG that names the option, and shows no key.
 */
export async function readLogins(hosts: readonly SshHostConfig[], env: NodeJS.ProcessEnv = process.env): Promise<SshHostConfig[]> {
  const { utils } = await loadSsh2();
  return Promise.all(
    hosts.map(async (host, index) => {
      const option = `SshBackend.hosts[${index}]`;
      const privateKey = host.privateKey ?? (await readKey(host.privateKeyFile, option));
      if (privateKey === undefined) return { ...host, agent: agentOf(host, option, env) };
      const read = utils.parseKey(privateKey, host.passphrase);
      if (!(read instanceof Error)) return { ...host, privateKey };
      const locked = /passphrase|decrypt|bad integrity/i.test(read.message);
      throw badOption(
        `${option}.${host.privateKey === undefined ? 'privateKeyFile' : 'privateKey'}`,
        `cannot be read: ${read.message}`,
        locked ? 'Set passphrase to the passphrase of the key.' : 'A private key has the format of OpenSSH or PEM.',
      );
    }),
  );
}

async function readKey(file: string | undefined, option: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw badOption(
      `${option}.privateKeyFile`,
      `cannot be read: ${(error as Error).message}`,
      `Make ${show(file)} readable for this process.`,
    );
  }
}

function agentOf({ agent }: SshHostConfig, option: string, env: NodeJS.ProcessEnv): string {
  const socket = agent ?? env['SSH_AUTH_SOCK'];
  if (socket !== undefined && socket !== '') return socket;
  throw badOption(
    `${option}.privateKey`,
    'is missing, and neither privateKeyFile, nor agent, nor SSH_AUTH_SOCK is set',
    'Set privateKeyFile, or agent to the socket of an SSH agent.',
  );
}
