/** A daemon in the test's own process, and a client that speaks the bare protocol. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { resolveSettings, type SettingName } from '../../src/config/settings.js';
import { startDaemon, type RunningDaemon } from '../../src/daemon/daemon.js';
import { fileIdOf } from '../../src/protocol/file-id.js';
import { serverMessageSchema, type ServerMessage } from '../../src/protocol/messages.js';
import { temporaryFolder } from './temporary.js';

/**
 * Starts a daemon on a free port; it stops when the test ends, unless it was stopped before.
 * @param ownerToken of the user who administers it
 */
export async function startTestDaemon(
    flags: Partial<Record<SettingName, unknown>> = {},
    ownerToken = newToken(),
): Promise<RunningDaemon> {
    const home = temporaryFolder();
    const { values } = resolveSettings(
        {
            dataDir: flags.dataDir ?? temporaryFolder(),
            port: 0,
            logLevel: 'silent',
            stopGrace: 0,
            ...flags,
        },
        { KVZ_CLOUD_HOME: home },
    );
    const tokenFile = join(home, 'token');
    writeFileSync(tokenFile, ownerToken);
    const daemon = await startDaemon(values, tokenFile);
    onTestFinished(() => daemon.stop());
    return daemon;
}

export const newToken = (): string => randomBytes(32).toString('base64url');

type Message = ServerMessage & Record<string, unknown>;

/** Checks each message against its schema, keeps them all, and lets a test wait for one. */
export class TestClient {
    readonly messages: Message[] = [];
    readonly #socket: WebSocket;
    readonly #waiting = new Set<() => void>();
    #nextId = 1;

    private constructor(socket: WebSocket) {
        this.#socket = socket;
        socket.on('message', (data: Buffer) => {
            const value: unknown = JSON.parse(data.toString('utf8'));
            serverMessageSchema.parse(value);
            this.messages.push(value as Message);
            for (const look of this.#waiting) look();
        });
        socket.on('close', () => {
            for (const look of this.#waiting) look();
        });
    }

    static async open(url: string): Promise<TestClient> {
        const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`);
        const client = new TestClient(socket);
        await new Promise((resolve, reject) => {
            socket.once('open', resolve);
            socket.once('error', reject);
        });
        onTestFinished(() => socket.terminate());
        return client;
    }

    /** Opens a connection and introduces itself. */
    static async connect(url: string, token: string, resumeFrom?: number): Promise<TestClient> {
        const client = await TestClient.open(url);
        await client.request({ type: 'init', protocol: 1, token, resumeFrom });
        return client;
    }

    get isClosed(): boolean {
        return this.#socket.readyState === WebSocket.CLOSED;
    }

    send(text: string | Buffer): void {
        this.#socket.send(text);
    }

    /** Sends a message and waits for its answer, an error included. */
    async request(message: Record<string, unknown>): Promise<Message> {
        const id = this.#nextId;
        this.#nextId += 1;
        this.send(JSON.stringify({ ...message, id }));
        return this.wait((answer) => 're' in answer && answer.re === id);
    }

    /** The first message, past or to come, that fits. */
    async wait(fits: (message: Message) => boolean): Promise<Message> {
        return new Promise((resolve, reject) => {
            const look = (): void => {
                const found = this.messages.find(fits);
                if (found) resolve(found);
                else if (this.isClosed) reject(new Error('the connection was closed'));
                else return;
                this.#waiting.delete(look);
            };
            this.#waiting.add(look);
            look();
        });
    }

    /** Waits until a job has reached a state. */
    async waitForState(jobId: unknown, state: string): Promise<Message> {
        return this.wait(
            (message) =>
                message.type === 'job.event' && message.jobId === jobId && message.state === state,
        );
    }

    async waitForClose(): Promise<void> {
        await this.wait(() => false).catch(() => undefined);
    }

    close(): void {
        this.#socket.close();
    }
}

const RAW_FORMAT = { width: 64, height: 64, fps: '25', pixelFormat: 'yuv420p' };
const RAW_FRAME_BYTES = (64 * 64 * 3) / 2;

/** Raw video whose bytes are different for each call: `frames` frames of {@link RAW_FORMAT}. */
export function rawVideo(frames: number): Buffer {
    const seed = randomBytes(RAW_FRAME_BYTES);
    return Buffer.concat(Array.from({ length: frames }, () => seed));
}

/** The `file` of a request for bytes that are raw video. */
export function rawFile(bytes: Uint8Array, name = 'clip.yuv'): Record<string, unknown> {
    return { id: fileIdOf(bytes), name, size: bytes.length, kind: 'raw', raw: RAW_FORMAT };
}

export const FAST_OPTIONS = { preset: 'ultrafast', container: 'hevc', logo: { enabled: false } };

export interface ChunkRequest {
    method?: 'GET' | 'POST';
    token: string;
    uploadId: string;
    /** 1-based. */
    number: number;
    chunkSize: number;
    totalSize: number;
    body?: Uint8Array;
    headers?: Record<string, string>;
    /** Instead of the body's length. */
    currentSize?: number;
}

/** One request as Resumable.js makes it. */
export async function sendChunk(url: string, chunk: ChunkRequest): Promise<Response> {
    const offset = (chunk.number - 1) * chunk.chunkSize;
    const length = Math.min(chunk.chunkSize, chunk.totalSize - offset);
    const parameters = new URLSearchParams({
        resumableChunkNumber: String(chunk.number),
        resumableChunkSize: String(chunk.chunkSize),
        resumableCurrentChunkSize: String(chunk.currentSize ?? chunk.body?.length ?? length),
        resumableTotalSize: String(chunk.totalSize),
        resumableType: '',
        resumableIdentifier: chunk.uploadId,
        resumableFilename: 'clip.yuv',
        resumableRelativePath: 'clip.yuv',
        resumableTotalChunks: '1',
    });
    return fetch(`${url}/upload?${parameters.toString()}`, {
        method: chunk.method ?? 'POST',
        headers: {
            authorization: `Bearer ${chunk.token}`,
            ...(chunk.body && { 'content-type': 'application/octet-stream' }),
            ...chunk.headers,
        },
        ...(chunk.body && { body: Buffer.from(chunk.body) }),
    });
}

/** Sends all of `bytes` in chunks of `chunkSize`, one after the other. */
export async function sendAll(
    url: string,
    token: string,
    uploadId: string,
    bytes: Uint8Array,
    chunkSize = 1024 * 1024,
): Promise<void> {
    for (let number = 1; (number - 1) * chunkSize < bytes.length; number += 1) {
        const offset = (number - 1) * chunkSize;
        const body = bytes.subarray(offset, offset + chunkSize);
        const response = await sendChunk(url, {
            ...{ token, uploadId, number, chunkSize, body },
            totalSize: bytes.length,
        });
        if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    }
}
