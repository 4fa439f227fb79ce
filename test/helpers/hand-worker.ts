/** A worker machine whose every request is the test's. */
import { randomBytes } from 'node:crypto';
import { startRedis } from './redis.js';
import { CODED_BITS, findPrograms, programVersion } from '../../src/encoder/index.js';
import { VERSION } from '../../src/config/version.js';
import { fileIdOf } from '../../src/protocol/file-id.js';
import type { RunningDaemon } from '../../src/daemon/daemon.js';
import { TokenAdmin } from '../../src/daemon/access/token-admin.js';
import {
    assignmentSchema,
    resultPlaceSchema,
    type Assignment,
} from '../../src/protocol/worker-messages.js';
import {
    FAST_OPTIONS,
    newToken,
    rawFile,
    rawVideo,
    sendAll,
    startTestDaemon,
    TestClient,
} from './daemon.js';

/** A daemon that shares its queue and encodes nothing itself. */
export async function startSharingDaemon(flags: object = {}): Promise<RunningDaemon> {
    const { url } = await startRedis();
    return startTestDaemon({ queue: url, workers: 0, ...flags });
}

export const workerToken = ({ context }: RunningDaemon, name: string): string =>
    new TokenAdmin(context.store.tokens).create(name, 'worker').token;

let kvazaarVersion: Promise<string | undefined> | undefined;

export interface Answer {
    status: number;
    body: Record<string, unknown>;
}

export class HandWorker {
    readonly id = randomBytes(16).toString('hex');
    readonly url: string;
    readonly token: string;
    readonly name: string;

    constructor(daemon: RunningDaemon, name: string, token = workerToken(daemon, name)) {
        this.url = daemon.url;
        this.token = token;
        this.name = name;
    }

    static async join(daemon: RunningDaemon, name: string, token?: string): Promise<HandWorker> {
        const worker = new HandWorker(daemon, name, token);
        const { status, body } = await worker.ask('hello', await worker.hello());
        if (status !== 200) throw new Error(JSON.stringify(body));
        return worker;
    }

    async hello(): Promise<object> {
        kvazaarVersion ??= programVersion('kvazaar', findPrograms().kvazaar);
        const kvazaar = await kvazaarVersion;
        const { name } = this;
        return { name, kvazaar, version: VERSION, bitDepth: CODED_BITS, threads: 8, slots: 4 };
    }

    /** @param body sent as JSON, unless it is text or bytes */
    async ask(action: string, body: unknown, type = 'application/json'): Promise<Answer> {
        const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
        const response = await fetch(`${this.url}/worker/${this.id}/${action}`, {
            method: 'POST',
            headers: { authorization: `Bearer ${this.token}`, 'content-type': type },
            body: isRaw ? body : JSON.stringify(body),
        });
        return {
            status: response.status,
            body: (await response.json()) as Record<string, unknown>,
        };
    }

    async claim(jobId: unknown, attempt = 0): Promise<Assignment> {
        const { status, body } = await this.ask('claim', { jobId, attempt });
        if (status !== 200) throw new Error(JSON.stringify(body));
        return assignmentSchema.parse(body);
    }

    async get(path: string): Promise<Response> {
        return fetch(`${this.url}${path}`, { headers: { authorization: `Bearer ${this.token}` } });
    }

    /** What a worker says of a result that it has. */
    notice({ jobId, attempt }: Pick<Assignment, 'jobId' | 'attempt'>, bytes: Buffer): object {
        const encoded = {
            ...{ inputBytes: 1, outputBytes: bytes.length, frames: 2, logoFrames: 0 },
            ...{ durationSeconds: 1, bitrateBps: 1, encodeSeconds: 1, fps: 2, notes: [] },
        };
        const file = { id: fileIdOf(bytes), size: bytes.length };
        return { ...{ jobId, attempt, file, encoded }, width: 64, height: 64 };
    }

    /** Announces a result and sends the statistics of its frames. @returns the id of its upload */
    async announce(held: Pick<Assignment, 'jobId' | 'attempt'>, bytes: Buffer): Promise<string> {
        const { status, body } = await this.ask('result', this.notice(held, bytes));
        if (status !== 200) throw new Error(JSON.stringify(body));
        const { upload } = resultPlaceSchema.parse(body);
        await this.ask(`frames?upload=${upload.id}`, Buffer.from('csv'), 'application/gzip');
        return upload.id;
    }
}

/** A user with a job that waits. */
export async function queuedJob(
    daemon: RunningDaemon,
    token = newToken(),
): Promise<{ client: TestClient; token: string; jobId: string; bytes: Buffer }> {
    const client = await TestClient.connect(daemon.url, token);
    const bytes = rawVideo(256);
    const reply = await client.request({
        ...{ type: 'encode.request', file: rawFile(bytes), options: FAST_OPTIONS },
    });
    await sendAll(daemon.url, token, (reply['upload'] as { id: string }).id, bytes);
    await client.waitForState(reply['jobId'], 'queued');
    return { client, token, jobId: reply['jobId'] as string, bytes };
}
