/** A source on its way, of which a test decides how much is here. */
import { EventEmitter, once } from 'node:events';
import { copyFile, open, stat, type FileHandle } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import type { Arrival } from '../../../src/encoder/index.js';

/** What one read gives at most, so that programs see the file come in many pieces. */
const PIECE_BYTES = 16 * 1024;

export class SlowArrival implements Arrival {
    readonly sizeBytes: number;
    bytes = 0;
    isComplete = false;
    /** Each read brings what it asks for, and that of the end completes the file. */
    isOnDemand = false;
    readonly #file: FileHandle;
    readonly #from: string;
    readonly #to: string;
    readonly #events = new EventEmitter();
    readonly #endAwaited: Promise<void>;
    #awaitEnd: () => void = () => undefined;
    #failure: Error | undefined;

    private constructor(file: FileHandle, from: string, to: string, sizeBytes: number) {
        this.#file = file;
        this.#from = from;
        this.#to = to;
        this.sizeBytes = sizeBytes;
        this.#endAwaited = new Promise((resolve) => (this.#awaitEnd = resolve));
    }

    /** @param from the file. @param to where it will be when it is complete */
    static async of(from: string, to: string): Promise<SlowArrival> {
        const file = await open(from);
        onTestFinished(async () => file.close());
        return new SlowArrival(file, from, to, (await stat(from)).size);
    }

    /** Lets more of it arrive; with all its bytes it is not complete yet, as nobody has checked it. */
    arrive(bytes: number): void {
        this.bytes = Math.min(this.sizeBytes, this.bytes + bytes);
        this.#events.emit('news');
    }

    async complete(): Promise<void> {
        await copyFile(this.#from, this.#to);
        this.isComplete = true;
        this.arrive(this.sizeBytes);
    }

    fail(error: Error): void {
        this.#failure = error;
        this.#events.emit('news');
    }

    /** Waits until the encoder has all bytes and asks whether that was all. */
    async endIsAwaited(): Promise<void> {
        await this.#endAwaited;
    }

    async read(offset: number, signal: AbortSignal): Promise<Uint8Array> {
        while (offset >= this.bytes && !this.isComplete) {
            if (this.#failure) throw this.#failure;
            if (this.isOnDemand) {
                if (offset < this.sizeBytes) this.arrive(PIECE_BYTES);
                else await this.complete();
                continue;
            }
            if (offset >= this.sizeBytes) this.#awaitEnd();
            await once(this.#events, 'news', { signal });
        }
        const bytes = Buffer.alloc(Math.min(PIECE_BYTES, Math.max(0, this.bytes - offset)));
        await this.#file.read(bytes, 0, bytes.length, offset);
        return bytes;
    }
}
