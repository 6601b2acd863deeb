import { Declarations } from '../nest/decorator/declaration.js';
import type { Declaration } from '../nest/decorator/declaration.js';

/** Where a call is to run: a region, 'primary', or what is decided by its arguments. */
export type RegionChoice<A extends unknown[] = never[]> = string | ((args: A) => string);

/** One use of `@OnRegion`. */
export interface RegionDeclaration extends Declaration {
  readonly region: RegionChoice;
}

export const regionDeclarations = new Declarations<RegionDeclaration>('OnRegion');
