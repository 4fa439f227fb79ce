/**
 * The encoder as a library: media in, HEVC made by kvazaar out.
 * It knows nothing of daemons, HTTP, databases or users.
 */
export { checkResult } from './check-result.js';
export type { ResultCheck } from './check-result.js';
export * from './describe-raw.js';
export { encode } from './encode.js';
export * from './errors.js';
export * from './frame-statistics.js';
export * from './job.js';
export * from './kvazaar/options.js';
export * from './limits.js';
export { probe } from './probe-source.js';
export { resultTooLarge } from './publish.js';
export * from './programs.js';
export { detectSandbox } from './sandbox.js';
export type { SandboxSupport } from './sandbox.js';
export type * from './source-info.js';
