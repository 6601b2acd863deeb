import { network, testNetwork } from './cli.js';

/** Makes the network of the tests before their files begin: of two that make it at once, both succeed, and its name is ambiguous. */
export default async function setup(): Promise<void> {
  await network(testNetwork);
}
