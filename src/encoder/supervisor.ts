/**
 * All programs of one job run under one supervisor: it starts them, knows which still run, ends
 * all of them for the first reason that comes (cancel, time limit, stall, a failure elsewhere),
 * and lets the job go only when none is left.
 */
import { EncodeError } from './errors.js';
import type { Limits } from './limits.js';
import type { Launcher } from './launcher.js';
import { startProcess } from './process.js';
import type { LogSink, ProcessExit, ProcessSpec, RunningProcess } from './process.js';

export interface SupervisorOptions {
    launcher: Launcher;
    limits: Pick<Limits, 'wallClockMs' | 'stallMs'>;
    signal?: AbortSignal | undefined;
    onLog: LogSink;
    /** How a line of a program's output is told to users; default: as it is. */
    tell?: (line: string) => string;
    /**
     * Asked by the watchdog: any number that changes while work goes on that `touch()` does not
     * tell of, e.g. the bytes in the work folder.
     */
    measureActivity: () => Promise<number>;
}

/** The watchdog looks this often during the time that it allows without progress. */
const CHECKS_PER_STALL_TIME = 8;

export class Supervisor {
    readonly #options: SupervisorOptions;
    readonly #running = new Set<RunningProcess>();
    readonly #timers: NodeJS.Timeout[] = [];
    readonly #alongside: Promise<unknown>[] = [];
    readonly #over = new AbortController();
    #closed = false;
    readonly #onAbort: () => void;
    #reason: EncodeError | undefined;
    #lastActivity = performance.now();
    #lastMeasure = Number.NaN;

    constructor(options: SupervisorOptions) {
        this.#options = options;
        const { limits, signal } = options;
        this.#onAbort = () => {
            this.stop(new EncodeError('CANCELLED', 'cancelled', { cause: signal?.reason }));
        };
        if (signal?.aborted) this.#onAbort();
        signal?.addEventListener('abort', this.#onAbort, { once: true });
        this.#timers.push(
            setTimeout(() => {
                const seconds = Math.round(limits.wallClockMs / 1000);
                this.stop(
                    new EncodeError('TIME_LIMIT', `the job ran longer than ${seconds} s`, {
                        hint: 'Use a faster preset, or raise the time limit of the server.',
                    }),
                );
            }, clampTimeout(limits.wallClockMs)),
            setInterval(
                () => void this.#watch(),
                clampTimeout(limits.stallMs / CHECKS_PER_STALL_TIME),
            ),
        );
    }

    /** Why the job was ended from outside its own course; undefined while it goes on. */
    get reason(): EncodeError | undefined {
        return this.#reason;
    }

    /** Aborted when the job is over, by being stopped or at its end: nothing is waited for then. */
    get signal(): AbortSignal {
        return this.#over.signal;
    }

    /** How a line of a program's output is told to users. */
    tell(line: string): string {
        return this.#options.tell?.(line) ?? line;
    }

    /** Tells the watchdog that something moved. */
    touch(): void {
        this.#lastActivity = performance.now();
    }

    /** Ends all programs. The first reason stays; later ones are ignored. */
    stop(reason: EncodeError): void {
        if (this.#reason) return;
        this.#reason = reason;
        this.#over.abort(reason);
        for (const running of this.#running) running.terminate();
    }

    /** @throws EncodeError the reason, when the job was stopped */
    throwIfStopped(): void {
        if (this.#reason) throw this.#reason;
    }

    /**
     * Starts a program.
     * @throws EncodeError PROGRAM_MISSING, or the reason for which the job was stopped
     */
    async start(spec: ProcessSpec): Promise<RunningProcess> {
        this.throwIfStopped();
        if (this.#closed) throw new EncodeError('CANCELLED', 'the job has ended already');
        this.touch();
        const { launcher, onLog } = this.#options;
        const telling = { onLog, tell: (line: string) => this.tell(line) };
        const running = await startProcess(spec, launcher, telling);
        this.#running.add(running);
        void running.exited.then(() => this.#running.delete(running));
        if (this.#reason) running.terminate();
        return running;
    }

    /**
     * Runs a program to its end.
     * @throws EncodeError PROGRAM_MISSING, or the reason for which the job was stopped
     */
    async run(spec: ProcessSpec): Promise<ProcessExit> {
        const running = await this.start(spec);
        const exit = await running.exited;
        this.throwIfStopped();
        this.touch();
        return exit;
    }

    /**
     * Takes care of work that goes on beside the rest of the job: when the job fails elsewhere
     * nobody needs to await it, and `close()` lets it come to its end. When it fails itself, the
     * job ends at once.
     */
    alongside<T>(work: Promise<T>): Promise<T> {
        const settled = work.catch((error: unknown) => {
            if (error instanceof EncodeError) this.stop(error);
        });
        this.#alongside.push(settled);
        return work;
    }

    /** Ends what still runs, waits until nothing does, and releases timers and listeners. */
    async close(): Promise<void> {
        this.#closed = true;
        this.#over.abort();
        for (const timer of this.#timers) clearTimeout(timer);
        this.#options.signal?.removeEventListener('abort', this.#onAbort);
        for (const running of this.#running) running.terminate();
        await Promise.all([...this.#running].map((running) => running.exited));
        await Promise.all(this.#alongside);
    }

    async #watch(): Promise<void> {
        const { limits, measureActivity } = this.#options;
        const measure = await measureActivity();
        if (measure !== this.#lastMeasure) {
            this.#lastMeasure = measure;
            this.touch();
        }
        if (performance.now() - this.#lastActivity < limits.stallMs) return;
        const seconds = Math.round(limits.stallMs / 1000);
        this.stop(
            new EncodeError('STALLED', `nothing moved for ${seconds} s`, {
                hint: 'Try again; if it happens again, the options or the input make a program hang.',
            }),
        );
    }
}

/** setTimeout fires at once above 2^31 - 1 ms. */
function clampTimeout(milliseconds: number): number {
    return Math.min(Math.max(Math.round(milliseconds), 1), 2 ** 31 - 1);
}
