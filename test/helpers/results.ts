/** Results that nothing was encoded for: their bytes are the test's. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningDaemon } from '../../src/daemon/daemon.js';
import type { EncodeOptions } from '../../src/protocol/messages.js';

const OPTIONS: EncodeOptions = {
    preset: 'ultrafast',
    container: 'mkv',
    kvazaar: [],
    logo: { enabled: false },
};

export interface MadeResult {
    resultId: string;
    requestKey: string;
    bytes: Buffer;
}

/** Puts a result of random bytes into the daemon; no job refers to it yet. */
export function makeResult(
    { context: { store, folders } }: RunningDaemon,
    sizeBytes: number,
): MadeResult {
    const resultId = randomBytes(8).toString('hex');
    const requestKey = randomBytes(32).toString('hex');
    const bytes = randomBytes(sizeBytes);
    writeFileSync(join(folders.results, resultId), bytes);
    writeFileSync(join(folders.frames, resultId), '');
    store.results.add({
        ...{ id: resultId, requestKey, container: 'mkv', bytes: sizeBytes },
        data: {
            ...{ inputBytes: 1, frames: 1, logoFrames: 0, durationSeconds: 1, bitrateBps: 1 },
            ...{ encodeSeconds: 1, fps: 1, notes: [] },
        },
        createdAt: Date.now(),
    });
    return { resultId, requestKey, bytes };
}

/** A job of the token's user that has this result. @returns its id */
export function makeReadyJob(
    { context: { store, authenticator } }: RunningDaemon,
    token: string,
    { resultId, requestKey }: MadeResult,
): string {
    const now = Date.now();
    const user = authenticator.userOf(token, '127.0.0.1');
    return store.transaction(() => {
        const [job] = store.jobs.create(
            {
                ...{ userId: user.id, fileId: 'f'.repeat(64), uploadId: undefined },
                ...{ name: 'clip.mp4', size: 1, raw: undefined, options: OPTIONS },
                ...{ requestKey, priority: 0 },
            },
            'queued',
            now,
        );
        store.jobs.transition(job.id, 'ready', now, { resultId });
        return job.id;
    });
}
