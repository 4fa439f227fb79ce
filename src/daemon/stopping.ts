/**
 * The end of a daemon in good order: nothing new is started; jobs that are about to end may; the
 * others go back into the queue; clients are told to come back; everything is given back.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from './context.js';
import type { Runner } from './jobs/runner.js';

/** `drain`: all running jobs may end; `grace`: those that end within the time of the settings. */
export type StopMode = 'drain' | 'grace';

export interface StoppingOptions {
    context: Context;
    runner: Runner;
    /** Sends clients away, and gives up the port and all resources, once `idle` has come. */
    close: (idle: Promise<void>) => Promise<void>;
}

export class Stopping {
    readonly #options: StoppingOptions;
    readonly #hurry = new AbortController();
    #ended: Promise<void> | undefined;

    constructor(options: StoppingOptions) {
        this.#options = options;
    }

    /** May be called again: `grace` after `drain` ends the waiting. Resolves when all is done. */
    async stop(mode: StopMode): Promise<void> {
        if (mode === 'grace') this.#hurry.abort();
        this.#ended ??= this.#run();
        return this.#ended;
    }

    async #run(): Promise<void> {
        const { context, runner, close } = this.#options;
        context.pause.setStopping();
        const idle = context.queue.stop();
        await this.#hurried(idle);
        const graceMs = context.settings.stopGrace * 1000;
        runner.putBackUnlessEnding(context.settings.stopGrace);
        const timer = new AbortController();
        await Promise.race([
            idle,
            delay(graceMs, undefined, { signal: timer.signal }).catch(() => undefined),
        ]);
        timer.abort();
        runner.abortAll('shutdown');
        await close(idle);
    }

    /** Waits for `idle`, unless there is a hurry. */
    async #hurried(idle: Promise<void>): Promise<void> {
        const { signal } = this.#hurry;
        if (signal.aborted) return;
        await Promise.race([
            idle,
            new Promise<void>((resolve) => {
                signal.addEventListener('abort', () => resolve(), { once: true });
            }),
        ]);
    }
}
