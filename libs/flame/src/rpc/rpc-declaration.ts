import { Declarations } from '../nest/decorator/declaration.js';
import type { Declaration } from '../nest/decorator/declaration.js';
import type { RpcCallOptions } from './replication/await-replica.js';

/** The region in which a call runs: a name, 'primary', or a function of the call's arguments. */
export type RegionChoice<A extends unknown[] = never[]> = string | ((args: A) => string);

/** One use of `@OnRegion`. */
export interface RegionDeclaration extends Declaration {
  readonly region: RegionChoice;
  readonly callOptions: RpcCallOptions;
}

export const regionDeclarations = new Declarations<RegionDeclaration>('OnRegion');
