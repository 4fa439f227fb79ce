/** Why a job failed, as far as the daemon itself finds it. */
import type { JobFailure } from './shapes.js';

/**
 * Failures of jobs that the daemon finds by itself. Those of an encode come from the encoder, whose
 * catalogue is `ENCODE_ERROR_CODES`; docs/PROTOCOL.md lists both. Codes are never renamed.
 */
export const DAEMON_FAILURES = {
    FILE_MISMATCH:
        'what arrived is not the file that was announced; it may have changed on its way',
    UPLOAD_EXPIRED: 'nothing was heard of the upload for too long',
    RESULT_EXPIRED: 'the result was kept for its time; the request is new again',
    RESULT_LOST: 'the result has vanished from the disk of the daemon; the request is new again',
    DAEMON_CRASHED: 'the daemon was killed several times while this job ran',
    INTERNAL: 'a defect of the daemon; see its log',
} as const;

export type DaemonFailureCode = keyof typeof DAEMON_FAILURES;

/** A failure that the daemon has found. */
export type DaemonFailure = JobFailure & { code: DaemonFailureCode };

/**
 * Whether the same job may succeed when it is tried again later, with nothing changed. Who found
 * the failure knows; of the daemon's own none passes by itself.
 */
export function isTransientFailure({ transient = false }: JobFailure): boolean {
    return transient;
}
