/** The log of the library; `nest/` passes Nest's logger. */
export interface FlameLog {
  debug(message: string): void;
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
