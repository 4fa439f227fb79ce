/** Sends what is missing of a file, several chunks at a time, through whatever the network does. */
import { KvzError } from '../protocol/errors.js';
import { containsRange, normaliseRanges } from '../protocol/ranges.js';
import type { ByteRange } from '../protocol/ranges.js';
import { backoffMs, sleep } from '../backoff.js';
import { isStored, sendChunk } from './chunk-request.js';
import type {
    ChunkAnswer,
    ChunkContent,
    ChunkPlace,
    SentFile,
    UploadInfo,
} from './chunk-request.js';
import { ChunkReader } from './chunk-reader.js';
import { ChunkWindow } from './chunk-window.js';
import type { HttpClient } from './http.js';
import type { InputFile } from './input-file.js';
import { LOCAL_CHUNKS_IN_FLIGHT, LocalReading, localHeaders } from './local-reading.js';
import { DEFAULT_PATIENCE } from './patience.js';
import type { Patience } from './patience.js';

const RETRY = { firstMs: 500, maxMs: 20_000 };

export type Approval = UploadInfo & { received: readonly ByteRange[] };

export interface UploaderOptions {
    /** Called as bytes leave and chunks are stored, with the state of the upload as a whole. */
    onProgress?: (sentBytes: number) => void;
    /** Sending fails and is tried again (with the reason), or goes on (undefined). */
    onTrouble?: (error: KvzError | undefined) => void;
    /** It gives up after a time without any chunk stored. */
    patience?: Patience;
    maxInFlight?: number;
    /** Data folder of a daemon that may read the file itself. */
    localDataDir?: string | undefined;
    retry?: { firstMs: number; maxMs: number };
}

type ChunkState = 'pending' | 'sending' | 'stored';

/** How sending ended: everything was stored, or the daemon takes no more for this upload. */
export type UploadEnd = 'stored' | 'closed';

export class Uploader {
    readonly #client: HttpClient;
    readonly #file: InputFile;
    readonly #digests: Uint8Array;
    readonly #options: UploaderOptions;
    readonly #window: ChunkWindow;
    readonly #reader: ChunkReader;
    readonly #local: LocalReading | undefined;
    #upload: UploadInfo;
    #states: ChunkState[] = [];
    #storedBytes = 0;
    /** Bytes of chunks in flight that have left this process. */
    #flyingBytes = 0;
    #uploadedBytes = 0;
    /** Somebody else sends parts of this upload, too. */
    #isShared = false;
    #failures = 0;
    #resumeAtMs = 0;
    #progressAtMs = Date.now();
    #wake: () => void = () => undefined;

    constructor(
        client: HttpClient,
        file: InputFile,
        digests: Uint8Array,
        approval: Approval,
        options: UploaderOptions = {},
    ) {
        this.#client = client;
        this.#file = file;
        this.#digests = digests;
        this.#options = options;
        this.#window = new ChunkWindow(
            Date.now(),
            options.maxInFlight === undefined ? {} : { max: options.maxInFlight },
        );
        this.#reader = new ChunkReader(file, digests);
        const { localDataDir } = options;
        this.#local = localDataDir === undefined ? undefined : new LocalReading(localDataDir);
        this.#upload = approval;
        this.reconcile(approval);
    }

    /** Bytes that this uploader has sent and that were stored. */
    get uploadedBytes(): number {
        return this.#uploadedBytes;
    }

    /**
     * Takes over what the daemon says is there, after it was away: it may have forgotten chunks
     * that it had confirmed, and others may have sent some.
     */
    reconcile(approval: Approval): void {
        const received = normaliseRanges(approval.received);
        if (approval.chunkSize !== this.#upload.chunkSize || this.#states.length === 0) {
            const count = Math.ceil(this.#file.version.sizeBytes / approval.chunkSize);
            this.#states = Array.from({ length: count }, () => 'pending');
        }
        this.#upload = approval;
        this.#local?.retry();
        this.#storedBytes = 0;
        for (const [index, state] of this.#states.entries()) {
            if (state === 'sending') continue;
            const [from, to] = this.#range(index);
            const there = containsRange(received, [from, to]);
            this.#states[index] = there ? 'stored' : 'pending';
            if (there) this.#storedBytes += to - from;
        }
        if (this.#failures > 0) this.#options.onTrouble?.(undefined);
        this.#failures = 0;
        this.#resumeAtMs = 0;
        this.#progressAtMs = Date.now();
        this.#wake();
    }

    /**
     * Sends until everything is stored.
     * @throws KvzError FILE_CHANGED, UNREACHABLE, or with the daemon's code for what is permanent;
     *     the signal's reason
     */
    async run(signal: AbortSignal): Promise<UploadEnd> {
        const ending = new AbortController();
        const stop = AbortSignal.any([signal, ending.signal]);
        const flying = new Set<Promise<void>>();
        const outcome: { end?: UploadEnd; failure?: Error } = {};
        const fly = async (index: number): Promise<void> => {
            try {
                if (await this.#send(index, stop)) outcome.end = 'closed';
            } catch (error) {
                // Those that end because the others have are no failures.
                if (!stop.aborted) outcome.failure ??= error as Error;
            }
        };
        try {
            while (outcome.end === undefined && outcome.failure === undefined) {
                stop.throwIfAborted();
                const changed = new Promise<void>((resolve) => (this.#wake = resolve));
                for (let index = this.#next(flying.size); index !== undefined;) {
                    const flight = fly(index).finally(() => {
                        flying.delete(flight);
                        this.#wake();
                    });
                    flying.add(flight);
                    index = this.#next(flying.size);
                }
                if (flying.size === 0 && this.#states.every((state) => state === 'stored')) {
                    outcome.end = 'stored';
                } else {
                    await this.#pause(changed, stop);
                }
            }
        } finally {
            ending.abort(new Error('the upload ended'));
            await Promise.all(flying);
            this.#reader.clear();
        }
        signal.throwIfAborted();
        if (outcome.failure) throw outcome.failure;
        return outcome.end ?? 'closed';
    }

    get #patience(): Patience {
        return this.#options.patience ?? DEFAULT_PATIENCE;
    }

    #range(index: number): ByteRange {
        const from = index * this.#upload.chunkSize;
        return [from, Math.min(from + this.#upload.chunkSize, this.#file.version.sizeBytes)];
    }

    #next(flying: number): number | undefined {
        const { size } = this.#window;
        const limit = this.#local?.key ? Math.min(size, LOCAL_CHUNKS_IN_FLIGHT) : size;
        if (flying >= limit || Date.now() < this.#resumeAtMs) return undefined;
        if (!this.#isShared) {
            const index = this.#states.indexOf('pending');
            return index < 0 ? undefined : index;
        }
        // In any order but the other's, so that both send different parts.
        const pending = [...this.#states.keys()].filter((i) => this.#states[i] === 'pending');
        return pending[Math.floor(Math.random() * pending.length)];
    }

    /** Bytes of the chunks in one state. */
    #bytesIn(wanted: ChunkState): number {
        return this.#states.reduce((sum, state, index) => {
            const [from, to] = this.#range(index);
            return state === wanted ? sum + to - from : sum;
        }, 0);
    }

    /** Waits for news, or until a delay after a failure is over. */
    async #pause(changed: Promise<void>, signal: AbortSignal): Promise<void> {
        const delayMs = this.#resumeAtMs - Date.now();
        const waits: Promise<void>[] = [changed];
        const timer = new AbortController();
        if (delayMs > 0) {
            waits.push(
                sleep(delayMs, AbortSignal.any([signal, timer.signal])).catch(() => undefined),
            );
        }
        const aborted = new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => resolve(), { once: true, signal: timer.signal });
        });
        try {
            await Promise.race([...waits, aborted]);
        } finally {
            timer.abort();
        }
    }

    /** @returns whether the daemon takes no more for this upload */
    async #send(index: number, signal: AbortSignal): Promise<boolean> {
        const states = this.#states;
        states[index] = 'sending';
        const [offset, end] = this.#range(index);
        const length = end - offset;
        const chunk: ChunkPlace = { index, offset, length };
        const { name, version } = this.#file;
        const file: SentFile = { name, sizeBytes: version.sizeBytes, digests: this.#digests };
        const { inactivityMs } = this.#patience;
        let flown = 0;
        let answer: ChunkAnswer;
        let content: ChunkContent;
        try {
            if (
                this.#isShared &&
                (await isStored(this.#client, this.#upload, chunk, file, { signal, inactivityMs }))
            ) {
                this.#stored(states, index, length);
                return false;
            }
            content = await this.#content(offset, length);
            answer = await sendChunk(this.#client, this.#upload, chunk, content, file, {
                signal,
                inactivityMs,
                onBytes: (count) => {
                    flown += count;
                    this.#flyingBytes += count;
                    this.#report();
                },
            });
            if (answer.kind === 'corrupt') {
                const bytes = content.bytes ?? (await this.#reader.read(offset, length));
                this.#reader.verify(bytes, offset);
            }
        } catch (error) {
            states[index] = 'pending';
            throw error;
        } finally {
            this.#flyingBytes -= flown;
        }
        if (answer.kind !== 'stored') {
            // The socket may still hold parts of this buffer, so it is not used again.
            states[index] = 'pending';
            if (content.local && answer.kind === 'permanent') {
                this.#local?.refused(content.local.key);
                return false;
            }
            return this.#failed(answer);
        }
        if (content.bytes) this.#reader.giveBack(content.bytes);
        this.#uploadedBytes += length;
        this.#stored(states, index, length);
        this.#window.stored(length, this.#progressAtMs);
        // More is there than this uploader can have sent, answered or not.
        const own = this.#storedBytes + this.#bytesIn('sending');
        if (answer.receivedBytes !== undefined && answer.receivedBytes > own) this.#isShared = true;
        return false;
    }

    /** @param states those in which the chunk was begun; they may be outdated by now */
    #stored(states: ChunkState[], index: number, length: number): void {
        states[index] = 'stored';
        if (states === this.#states) this.#storedBytes += length;
        this.#progressAtMs = Date.now();
        if (this.#failures > 0) this.#options.onTrouble?.(undefined);
        this.#failures = 0;
        this.#resumeAtMs = 0;
        this.#report();
    }

    /** What the request for a chunk carries: where the daemon may read it, else its bytes. */
    async #content(offset: number, length: number): Promise<ChunkContent> {
        const key = this.#local?.key;
        if (!key) return { bytes: await this.#reader.read(offset, length) };
        const now = await this.#reader.version();
        const headers = (url: string, digests: string): Record<string, string> =>
            localHeaders(key, { url, digests }, this.#file, now);
        return { local: { key, headers } };
    }

    #failed(answer: Exclude<ChunkAnswer, { kind: 'stored' }>): boolean {
        if (answer.kind === 'closed') return true;
        if (answer.kind === 'permanent') throw answer.error;
        const nowMs = Date.now();
        if (nowMs - this.#progressAtMs > this.#patience.giveUpMs) {
            throw new KvzError(
                'UNREACHABLE',
                `the upload makes no progress: ${answer.error.message}`,
                { cause: answer.error },
            );
        }
        // Chunks that fail together count as one failure.
        if (nowMs >= this.#resumeAtMs) {
            const range = this.#options.retry ?? RETRY;
            const delayMs = Math.max(
                backoffMs(this.#failures, range),
                Math.min(answer.retryAfterMs ?? 0, 60_000),
            );
            this.#resumeAtMs = nowMs + delayMs;
            this.#failures++;
            this.#window.failed(nowMs);
            this.#options.onTrouble?.(answer.error);
        }
        return false;
    }

    #report(): void {
        const bytes = this.#storedBytes + this.#flyingBytes;
        this.#options.onProgress?.(Math.min(bytes, this.#file.version.sizeBytes));
    }
}
