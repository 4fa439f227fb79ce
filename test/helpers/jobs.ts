/** Jobs of users: asked for, with their file sent, or brought to their end. */
import { FAST_OPTIONS, newToken, rawFile, sendAll, TestClient } from './daemon.js';

export interface AskedJob {
    client: TestClient;
    token: string;
    bytes: Buffer;
    request: Record<string, unknown>;
    jobId: string;
    uploadId: string;
}

interface Asking {
    /** By default of a user of its own. */
    token?: string;
    /** Of the token's user; by default a connection of its own. */
    client?: TestClient;
    /** Fields of the request besides or instead of those for a small raw video. */
    request?: object;
}

/**
 * Asks for raw video to be encoded. Where the daemon wants to be shown that the file is here, the
 * proof is a wrong one, so that the file is to be sent in any case.
 */
export async function askForJob(
    { url }: { url: string },
    bytes: Buffer,
    { token = newToken(), client, request: more }: Asking = {},
): Promise<AskedJob> {
    const user = client ?? (await TestClient.connect(url, token));
    const request = {
        ...{ type: 'encode.request', file: rawFile(bytes), options: FAST_OPTIONS },
        ...more,
    };
    let reply = await user.request(request);
    if (reply.status === 'challenge') {
        const { id } = reply['challenge'] as { id: string };
        reply = await user.request({ type: 'encode.prove', challenge: id, proof: '00' });
    }
    if (reply.status !== 'approved') throw new Error(JSON.stringify(reply));
    const { id: uploadId } = reply['upload'] as { id: string };
    return { client: user, token, bytes, request, jobId: String(reply.jobId), uploadId };
}

/** Asks for a job and sends all of its file. */
export async function sendJob(
    daemon: { url: string },
    bytes: Buffer,
    asking: Asking = {},
): Promise<AskedJob> {
    const job = await askForJob(daemon, bytes, asking);
    await sendAll(daemon.url, job.token, job.uploadId, bytes, 8 * 1024 * 1024);
    return job;
}

/** A job that is ready. */
export async function finishJob(
    daemon: { url: string },
    bytes: Buffer,
    asking: Asking = {},
): Promise<AskedJob> {
    const job = await sendJob(daemon, bytes, asking);
    await job.client.waitForState(job.jobId, 'ready');
    return job;
}
