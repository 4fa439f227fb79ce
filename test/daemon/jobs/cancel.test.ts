/** Cancelling, in each state that a job can be in. */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isEnd, JOB_STATES, type JobState } from '../../../src/protocol/job-state.js';
import type { Jobs } from '../../../src/daemon/store/jobs.js';
import { newToken, rawVideo, startTestDaemon, TestClient } from '../../helpers/daemon.js';
import { askForJob, sendJob } from '../../helpers/jobs.js';

/** The states on the way to each, without a worker's help. */
const WAYS: Record<JobState, readonly JobState[]> = {
    uploading: [],
    queued: [],
    probing: ['probing'],
    encoding: ['probing', 'encoding'],
    packaging: ['probing', 'encoding', 'packaging'],
    ready: ['probing', 'encoding', 'packaging', 'ready'],
    failed: ['failed'],
    cancelled: ['cancelled'],
    expired: ['probing', 'encoding', 'packaging', 'ready', 'expired'],
};

const bring = (jobs: Jobs, jobId: string, way: readonly JobState[]): void => {
    for (const state of way) expect(jobs.transition(jobId, state, 0)).toBeDefined();
};

it.each(JOB_STATES)('a job that is %s', async (state) => {
    const admin = newToken();
    const daemon = await startTestDaemon({}, admin);
    const { store, folders } = daemon.context;
    const client = await TestClient.connect(daemon.url, admin);
    await client.request({ type: 'queue.pause' });
    const ask = state === 'uploading' ? askForJob : sendJob;
    const { jobId } = await ask(daemon, rawVideo(1), { client, token: admin });
    bring(store.jobs, jobId, WAYS[state]);

    const answer = await client.request({ type: 'job.cancel', jobId });
    if (isEnd(state)) {
        expect(answer).toMatchObject({ code: 'WRONG_STATE' });
        expect(store.jobs.get(jobId)?.state).toBe(state);
        return;
    }
    expect(answer).toMatchObject({ job: { state: 'cancelled' } });
    expect(readdirSync(folders.sources)).toHaveLength(state === 'uploading' ? 0 : 1);
    // Whoever held it changes nothing any more.
    expect(store.jobs.transition(jobId, 'failed', 0)).toBeUndefined();
    expect(await client.request({ type: 'job.cancel', jobId })).toMatchObject({
        code: 'WRONG_STATE',
    });
});
