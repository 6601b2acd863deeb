export { FlameBackend } from './backends/backend.js';
export type { AppCode, BackendContext, BootRequest, Machine, MachineExit } from './backends/backend.js';
export { LocalBackend } from './backends/local-backend.js';
export { ProcessBackend } from './backends/process/process-backend.js';
export { BootError } from './core/errors/boot-error.js';
export type { BootPhase } from './core/errors/boot-error.js';
export type { Check } from './core/check.js';
export type { RegisteredClass, RegisteredKind } from './core/codec/codec.js';
export { commonClasses } from './nest/classes/common-classes.js';
export type { BegunCall, CallStart, CallTrace, CallTracer, CarriedTrace, TracedCall, TracedRun, SpanIds } from './core/call/call-tracer.js';
export type { ContextCarrier, NamedContextCarrier } from './core/call/context-carrier.js';
export { FlameError } from './core/errors/flame-error.js';
export type { FlameErrorCode, Ran } from './core/errors/flame-error.js';
export { FlameResource } from './core/flame-resource.js';
export type { FlameData } from './core/flame-resource.js';
export type { FlameTrackable } from './core/flame-trackable.js';
export type { ParentInfo } from './core/parent-info.js';
export { quantileOf } from './core/metrics/histogram.js';
export type { HistogramNumbers } from './core/metrics/histogram.js';
export type { BootOutcome, CallOutcome, PoolMetrics, RunnerMetrics, RunnerProcessStats } from './core/metrics/pool-metrics.js';
export type { PoolHookMeta, PoolLogLevel } from './core/options/pool-options.js';
export type { RunnerChoice, RunnerLoad } from './core/options/runner-choice.js';
export type { FlameEnhancer } from './nest/decorator/declaration.js';
export { FlameContext } from './nest/flame/flame-context.js';
export { FlameHealthIndicator } from './nest/module/flame-health.js';
export type { FlameHealthOptions, FlameHealthResult } from './nest/module/flame-health.js';
export { FlameModule } from './nest/module/flame.module.js';
export type {
  FlameAsyncResult,
  FlameFeatureAsyncOptions,
  FlameModuleAsyncOptions,
  FlameOptionsFactory,
  FlamePoolsFactory,
} from './nest/module/flame.module.js';
export type { FlameModuleOptions, FlamePoolOptions } from './nest/module/flame-options.js';
export type { FlameOpsOptions } from './nest/module/ops-option.js';
export { FlameParent } from './nest/module/flame-parent.js';
export { FlamePool } from './nest/flame/flame-pool.js';
export { FlameRunner } from './nest/runner/flame-runner.js';
export type { FlameRunnerOptions } from './nest/runner/flame-runner.js';
export { Flame } from './nest/flame/flame.service.js';
export type { ChildArgs, PlaceChildOptions } from './nest/flame/flame.service.js';
export type { FlameApi, FlameCasts } from './nest/flame/flame-api.js';
export type { FlameCallOptions } from './nest/flame/call-options.js';
export type { FlameMapOptions, FlameSettled } from './nest/flame/map-options.js';
export { RemoteChild } from './nest/flame/remote-child.js';
export type { ChildCallOptions } from './nest/flame/remote-child.js';
export { getPoolToken, InjectPool } from './nest/decorator/inject-pool.decorator.js';
export { OnFlame } from './nest/decorator/on-flame.decorator.js';
export type { OnFlameOptions } from './nest/decorator/on-flame.decorator.js';
export type { Class } from './nest/handlers/provider-home.js';
export type { FlameResult, FlameReturns } from './nest/decorator/returns.js';
export type { CallStats } from './pool/observe/call-stats.js';
export type { ChildExit } from './pool/children/child-call.js';
export type { PoolFailure } from './pool/observe/pool-failure.js';
export type { PoolEvent } from './pool/observe/pool-event.js';
export type { CallCounts, PoolStats, RunnerStats } from './pool/observe/pool-stats.js';
export type { OnFlameStart, OnFlameStop } from './runner/executor/active-child.js';
export { FlameCall } from './runner/executor/flame-call.js';
export type { PreAuthLimits } from './transport/grpc/pre-auth/pre-auth-limits.js';
export type { TlsIdentity } from './transport/grpc/tls-identity.js';
