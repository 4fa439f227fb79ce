/** The exit status of a command that did several things. */
import { EXIT } from '../protocol/errors.js';
import type { ExitStatus } from '../protocol/errors.js';

const WORST_FIRST: readonly ExitStatus[] = [
    EXIT.interrupted,
    EXIT.timedOut,
    EXIT.internal,
    EXIT.unreachable,
    EXIT.jobFailed,
    EXIT.rejected,
    EXIT.usage,
    EXIT.jobCancelled,
];

/** Of several exit statuses the one that matters most; `done` when there is none. */
export function worstStatus(statuses: Iterable<ExitStatus>): ExitStatus {
    const all = new Set(statuses);
    return WORST_FIRST.find((status) => all.has(status)) ?? EXIT.done;
}
