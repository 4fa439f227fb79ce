/** A job as its user sees it. */
import type { EncodeOptions, Job, JobResult } from '../../protocol/messages.js';
import type { JobRecord } from './job-record.js';
import type { StoredResult } from './results.js';

/** What users are told of the result that answers a job. */
export function resultView(job: JobRecord, stored: StoredResult): JobResult {
    const base = job.name.replace(/\.[^.]{1,12}$/, '') || job.name;
    return {
        fileName: `${base}.hevc.${stored.container}`,
        url: `/jobs/${job.id}/result`,
        outputBytes: stored.bytes,
        ...stored.data,
    };
}

/** An image would make lists of jobs heavy, and tells nobody anything. */
function shownOptions({ logo, ...options }: EncodeOptions): EncodeOptions {
    const { enabled, seconds } = logo;
    return { ...options, logo: { enabled, ...(seconds !== undefined && { seconds }) } };
}

/** @param stored the job's result, where it has one */
export function jobView(job: JobRecord, stored: StoredResult | undefined): Job {
    const time = (ms: number): string => new Date(ms).toISOString();
    return {
        id: job.id,
        state: job.state,
        name: job.name,
        fileId: job.fileId,
        size: job.size,
        options: shownOptions(job.options),
        priority: job.priority,
        attempt: job.attempt,
        createdAt: time(job.createdAt),
        updatedAt: time(job.updatedAt),
        ...(job.startedAt !== undefined && { startedAt: time(job.startedAt) }),
        ...(job.finishedAt !== undefined && { finishedAt: time(job.finishedAt) }),
        ...(job.progress && { progress: job.progress }),
        ...(job.state === 'ready' && stored && { result: resultView(job, stored) }),
        ...(job.failure && { failure: job.failure }),
        ...(job.retryAt !== undefined && { retryAt: time(job.retryAt) }),
    };
}
