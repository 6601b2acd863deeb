import type { ModulesContainer } from '@nestjs/core';

/**
 * Metadata that `@WebSocketGateway(port)` writes and `SocketModule` of @nestjs/websockets reads when the app is initialised (11.2, 12.1).
 * The package is optional, so its own constants are not imported; packed-package.spec.ts and gateways.spec.ts fail when they change.
 */
const isGateway = 'websockets:is_gateway';
const port = 'port';

/**
 * Keeps gateways of a runner from opening ports: one with a port of its own joins the app's HTTP server, which never listens in a runner.
 * In an app without an HTTP server the class is no gateway. Call it before the app is initialised.
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
