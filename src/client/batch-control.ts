import { KvzError } from '../protocol/errors.js';

/** Steers a batch while it runs: what the keys of a live view do. */
export class BatchControl {
    readonly #files = new Map<number, AbortController>();
    readonly #detach = new AbortController();

    /** Aborted when the command is to leave once everything is at the daemon. */
    get detaching(): AbortSignal {
        return this.#detach.signal;
    }

    /** What ends the work on one file: `outer`, or that it is cancelled. */
    signalFor(index: number, outer: AbortSignal): AbortSignal {
        return AbortSignal.any([outer, this.#controller(index).signal]);
    }

    /** Cancels the jobs of these files; one that has no job yet never gets one. */
    cancel(indices: Iterable<number>): void {
        for (const index of indices) {
            this.#controller(index).abort(new KvzError('JOB_CANCELLED', 'cancelled'));
        }
    }

    detach(): void {
        this.#detach.abort();
    }

    #controller(index: number): AbortController {
        const controller = this.#files.get(index) ?? new AbortController();
        this.#files.set(index, controller);
        return controller;
    }
}
