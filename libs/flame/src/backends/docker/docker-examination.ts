import type Docker from 'dockerode';
import type { NetworkInspectInfo } from 'dockerode';
import type { Check } from '../../core/check.js';
import { Examination } from '../platform/examination.js';
import type { DockerEngine } from './docker-api.js';
import { wordsOf } from './docker-failure.js';
import type { DockerImage } from './docker-image.js';
import type { DockerConfig } from './docker-options.js';
import type { ContainerSettings } from './container-settings.js';

/** Everything that the checks need. */
export interface Examined extends Pick<DockerConfig, 'pull'> {
  readonly engine: DockerEngine;
  readonly settings: ContainerSettings;
  readonly image: DockerImage;
}

/** Checks everything that a boot needs of the engine. Stops after the first failure that makes the remaining checks meaningless. */
export async function examineDocker({ engine, settings, image, pull }: Examined, signal: AbortSignal): Promise<Check[]> {
  const { ask, address } = engine;
  const rules = { repeat: true, signal };
  const examination = new Examination(wordsOf, signal);
  const answers = await examination.look('engine', `Start the engine at ${address}, or set dockerSocketPath or DOCKER_HOST.`, async () => {
    const { Version, ApiVersion } = await ask('get its version', (docker) => docker.version(), rules);
    return `Docker Engine ${Version} at ${address}, API ${ApiVersion}`;
  });
  if (!answers) return examination.checks;
  await examination.look('rights', `Give this user access to ${address}.`, async () => {
    const containers = await ask('list containers', (docker) => docker.listContainers({ all: true, limit: 1 }), rules);
    return `this user may list containers${containers.length > 0 ? '' : '; there are none'}`;
  });
  await examination.look('image', `Build or pull ${settings.image}, or set the option image to another one.`, async () => {
    if (await image.isThere()) return `${settings.image} exists`;
    if (pull === 'never') throw new Error(`${settings.image} does not exist there, and the option pull is 'never'`);
    return `${settings.image} does not exist there yet; the first boot pulls it`;
  });
  await examination.look('network', `Create it with: docker network create ${settings.network}`, async () => {
    const inspect = async (docker: Docker): Promise<NetworkInspectInfo> => docker.getNetwork(settings.network).inspect();
    const { Driver } = await ask(`inspect network ${settings.network}`, inspect, rules);
    return `${settings.network} (${Driver}), on which runners reach this process as ${settings.parentHost}`;
  });
  return examination.checks;
}
