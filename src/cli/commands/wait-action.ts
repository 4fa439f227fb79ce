/** What `kvz-cloud wait` does. */
import { KvzError } from '../../protocol/errors.js';
import type { ExitStatus } from '../../protocol/errors.js';
import { abortError } from '../../client/abort-error.js';
import { jobError } from '../../client/job-tracker.js';
import { updateOf } from '../../client/job-listeners.js';
import type { CliContext } from '../context.js';
import { pauseNotice } from '../ui/pause-text.js';
import { interruptible } from '../interrupt.js';
import { worstStatus } from '../worst-status.js';
import type { WaitFlags } from './wait.js';

/** @returns the exit status of the worst job */
export async function waitForJobs(
    context: CliContext,
    jobIds: readonly string[],
    flags: WaitFlags,
): Promise<ExitStatus> {
    return interruptible(async (signal) => {
        const client = await context.connect(flags, {
            signal,
            onPause: (pause) => context.say(pauseNotice(pause)),
            onAway: (reason) =>
                context.say(
                    reason
                        ? `${reason.message}; waiting for the daemon`
                        : 'the daemon is there again',
                ),
        });
        if (client.versionNote !== undefined) context.say(client.versionNote);
        const statuses: ExitStatus[] = [];
        const fail = (jobId: string, error: KvzError): void => {
            statuses.push(error.exit);
            context.say(
                error.message.includes(jobId) ? error.message : `${jobId}: ${error.message}`,
            );
        };
        try {
            const documents = await Promise.all(
                jobIds.map(async (jobId) => {
                    try {
                        const job = await client.wait(jobId, { signal });
                        if (!flags.json) context.print(`${jobId} ${job.state}`);
                        const error = jobError(updateOf(job));
                        if (error) fail(jobId, error);
                        return job;
                    } catch (reason) {
                        const error = signal.aborted ? abortError(signal) : reason;
                        if (!(error instanceof KvzError) || error.code === 'INTERRUPTED') {
                            throw error;
                        }
                        fail(jobId, error);
                        const { code, message } = error;
                        return { id: jobId, error: { code, message } };
                    }
                }),
            );
            if (flags.json) context.printJson(documents);
        } finally {
            client.close();
        }
        return worstStatus(statuses);
    }, flags.timeout);
}
