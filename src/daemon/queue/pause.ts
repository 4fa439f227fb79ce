/** Whether jobs are started, and why not. An administrator's pause survives restarts. */
import type { Pause } from '../../protocol/messages.js';
import type { Meta } from '../store/index.js';

type Listener = (pause: Pause | undefined) => void;

const timeOf = (ms: number): string => new Date(ms).toISOString();

export class QueuePause {
    readonly #meta: Meta;
    readonly #listeners = new Set<Listener>();
    #lowDisk: { message: string; since: number } | undefined;
    #stoppingSince: number | undefined;

    constructor(meta: Meta) {
        this.#meta = meta;
    }

    /** Why no job is started now: of several reasons the one that lasts longest. */
    get current(): Pause | undefined {
        if (this.#stoppingSince !== undefined) {
            return {
                reason: 'stopping',
                message: 'the daemon is stopping; jobs that wait are kept',
                since: timeOf(this.#stoppingSince),
            };
        }
        const manual = this.#meta.pause;
        if (manual) {
            const { by, reason, since } = manual;
            return {
                reason: 'user',
                message: reason === undefined ? `paused by ${by}` : `paused by ${by}: ${reason}`,
                by,
                since: timeOf(since),
            };
        }
        return (
            this.#lowDisk && {
                reason: 'disk',
                message: this.#lowDisk.message,
                since: timeOf(this.#lowDisk.since),
            }
        );
    }

    /** @param by the administrator's name */
    pause(by: string, reason: string | undefined): void {
        const since = this.#meta.pause?.since ?? Date.now();
        this.#meta.pause = { by, since, ...(reason !== undefined && { reason }) };
        this.#tell();
    }

    /** Ends an administrator's pause; one for want of space stays until there is some. */
    resume(): void {
        this.#meta.pause = undefined;
        this.#tell();
    }

    /** @param message why there is too little space; undefined when there is enough */
    setLowDisk(message: string | undefined): void {
        if ((message === undefined) === (this.#lowDisk === undefined)) return;
        this.#lowDisk = message === undefined ? undefined : { message, since: Date.now() };
        this.#tell();
    }

    setStopping(): void {
        this.#stoppingSince = Date.now();
        this.#tell();
    }

    /** Calls back at each change. @returns a function that ends it */
    onChange(listener: Listener): () => void {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    #tell(): void {
        const { current } = this;
        for (const listener of this.#listeners) listener(current);
    }
}
