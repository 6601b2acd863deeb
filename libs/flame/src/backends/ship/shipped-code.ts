import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BootError } from '../../core/errors/boot-error.js';
import { FlameError } from '../../core/errors/flame-error.js';
import type { FlameLog } from '../../core/flame-log.js';
import { packageFolder } from '../../system/package-folder.js';
import type { AppCode, BootRequest } from '../backend.js';
import { AppPackage, megabytes } from './app-package.js';
import type { ShipConfig } from './ship-options.js';

/**
 * Ships the app's code to a backend's machines. It packs the app once, when the backend is prepared: so runners run what this process runs,
 * also if the build on disk changes later. It owns the archive, and removes it on `close`.
 */
export class ShippedCode {
  readonly #config: ShipConfig;
  readonly #backend: string;
  readonly #option: string;
  #packed: Promise<AppPackage> | undefined;
  #loader: Promise<Uint8Array> | undefined;

  /** `backend` is the backend's name, for logs and errors, `option` the path of its option. */
  constructor(config: ShipConfig, backend: string, option: string) {
    this.#config = config;
    this.#backend = backend;
    this.#option = option;
  }

  /**
   * Packs the app, once. Waiting for it is not necessary.
   *
   * @throws {FlameError} FLAME_CONFIG if the app cannot be shipped.
   */
  async prepare(log: FlameLog): Promise<void> {
    if (this.#packed) return;
    const begun = performance.now();
    this.#packed = AppPackage.pack(this.#config, this.#option);
    this.#packed.catch(() => {});
    const { info, files, refused } = await this.#packed;
    if (refused !== undefined) log.warn(`${this.#backend}: the app's code is shipped without its bundle: ${refused}`);
    const took = ((performance.now() - begun) / 1_000).toFixed(1);
    log.log(
      `${this.#backend}: the app's code has ${files} files, ${megabytes(info.unpacked)}, compressed ${megabytes(info.bytes)} (packed in ${took} s)`,
    );
  }

  /**
   * Lets the machine of a boot fetch the code, and returns `FLAME_PARENT` for `loaderCommand`. `options` are those of
   * `BootRequest.flameParent`.
   *
   * @throws {BootError} if the app cannot be shipped.
   */
  async flameParent(
    request: Pick<BootRequest, 'flameParent' | 'serveCode'>,
    options: Parameters<BootRequest['flameParent']>[0] = {},
  ): Promise<string> {
    const code = await this.#code();
    await request.serveCode(code);
    const { cache } = this.#config;
    return request.flameParent({ ...options, more: { ...options.more, code: { ...code.info, ...(cache !== undefined && { cache }) } } });
  }

  async close(): Promise<void> {
    const packed = await this.#packed?.catch(() => undefined);
    this.#packed = undefined;
    await packed?.close();
  }

  async #code(): Promise<AppCode & Pick<AppPackage, 'info'>> {
    if (!this.#packed) throw new BootError(`${this.#backend}: the backend was not prepared, or was closed`, { phase: 'create' });
    try {
      const packed = await this.#packed;
      return {
        info: packed.info,
        bytes: packed.info.bytes,
        read: (offset, length) => packed.read(offset, length),
        loader: () => (this.#loader ??= readLoader(this.#option)),
      };
    } catch (error) {
      const { message } = error as Error;
      throw new BootError(message, { phase: 'create', fatal: error instanceof FlameError, cause: error });
    }
  }
}

/** `FLAME_PARENT` for a machine that has the app's code, or that gets it as `code`. */
export function flameParentOf(
  code: ShippedCode | undefined,
  request: BootRequest,
  options: Parameters<BootRequest['flameParent']>[0],
): Promise<string> {
  return code ? code.flameParent(request, options) : request.flameParent(options);
}

/** The loader is a file of this package, because its own dependencies are not on the machine. */
async function readLoader(option: string): Promise<Uint8Array> {
  const folder = packageFolder();
  if (folder === undefined)
    throw new FlameError(
      'FLAME_CONFIG',
      `${option} needs the files of nestjs-flame, and a bundler has moved its code elsewhere. Keep nestjs-flame external in the parent's bundle.`,
    );
  return readFile(join(folder, 'dist/entry/loader.js'));
}
