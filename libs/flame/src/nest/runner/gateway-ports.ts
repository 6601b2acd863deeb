import type { ModulesContainer } from '@nestjs/core';

/**
 * What `@WebSocketGateway(port)` writes on a class, and `SocketModule` of @nestjs/websockets reads when the app is initialised (11.2, 12.1).
 * The packages' own constants are not imported, because the package is optional. packed-package.spec.ts and gateways.spec.ts tell when
 * they have changed.
 */
const isGateway = 'websockets:is_gateway';
const port = 'port';

/**
 * Has gateways with a port of their own join the app's HTTP server, which never listens in a runner. An app without an HTTP server has no
 * gateways: its adapter would listen on a port for each. To be called before the app is initialised.
 */
export function keepGatewaysClosed(modules: ModulesContainer, hasHttpServer: boolean): void {
  for (const module of modules.values()) {
    for (const { metatype } of module.providers.values()) {
      if (typeof metatype !== 'function' || !Reflect.hasMetadata(isGateway, metatype)) continue;
      if (hasHttpServer) Reflect.defineMetadata(port, 0, metatype);
      else Reflect.deleteMetadata(isGateway, metatype);
    }
  }
}
