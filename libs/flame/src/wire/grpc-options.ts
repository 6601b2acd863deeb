import type { ChannelOptions } from '@grpc/grpc-js';

/** `flame.v1.Runners/Attach`. */
export const attachPath = '/flame.v1.Runners/Attach';

/** Packets are made and read by our own code, so that gRPC passes bytes through. */
export const asIs = (packet: Buffer): Buffer => packet;

/** Bytes that may be under way before the reader has to say it took some: HTTP/2's own 64 KiB make bulk wait for each round trip. */
export const flowControlWindow = 8 * 1024 * 1024;

/** What both ends of an attachment are set to. */
export const commonOptions: ChannelOptions = {
  'grpc-node.flow_control_window': flowControlWindow,
  // Its books cost two clock readings per packet.
  'grpc.enable_channelz': 0,
};

/**
 * How a runner dials. Over the network it pings after 10 s in which it heard nothing and takes 10 s without an answer for a
 * cut. The parent sends no pings of its own: a runner whose event loop is busy would fail to answer them while it does
 * just what it was asked to. Its kernel probes idle connections instead, see `Listener`.
 */
export const dialOptions: ChannelOptions = {
  ...commonOptions,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // The parent is never behind a proxy that is meant for the internet.
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  // Sessions are resumed over connections of their own.
  'grpc.use_local_subchannel_pool': 1,
};
