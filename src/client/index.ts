/**
 * The library: `import { connect } from 'kvz-cloud'`. It prints nothing and never ends the process;
 * what goes wrong is a {@link KvzError} with a code of the catalogue.
 */
export { connect } from './connect.js';
export type { ConnectOptions } from './connect.js';
export type {
    Client,
    DownloadOptions,
    DownloadOutcome,
    EncodeFileOptions,
    EncodeOutcome,
    SubmitOutcome,
} from './client.js';
export type { ServerInfo, ServerStats } from './requests.js';
export type * from './events.js';
export type { JobUpdate } from './job-listeners.js';
export { ERRORS, EXIT, KvzError } from '../protocol/errors.js';
export type { ErrorCode, ExitStatus } from '../protocol/errors.js';
export { isEnd } from '../protocol/job-state.js';
export type { JobState } from '../protocol/job-state.js';
export type { Role } from '../protocol/roles.js';
export type {
    Container,
    Job,
    JobEvent,
    JobFailure,
    JobResult,
    Pause,
    Progress,
    RawFormat,
    TokenInfo,
} from '../protocol/messages.js';
