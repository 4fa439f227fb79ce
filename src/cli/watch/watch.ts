/**
 * A watched folder: files come in, rest, are worked on several at a time, and are tried again when
 * that may help. Nothing that is said here is kept in memory alone: whatever ends the process, the
 * next watch goes on from the folder and the journal.
 */
import { relative } from 'node:path';
import PQueue from 'p-queue';
import { asKvzError, emitError } from '../../client/encode-batch.js';
import { sameVersion } from '../../client/input-file.js';
import type { FileVersion } from '../../client/input-file.js';
import type { KvzError } from '../../protocol/errors.js';
import type { Candidates } from './candidates.js';
import type { Disposal } from './disposal.js';
import type { OnWatchEvent, WatchEvent } from './events.js';
import type { FileWork } from './file-work.js';
import { FolderFeed } from './folder-feed.js';
import { OutputHold } from './output-hold.js';
import type { Outputs } from './outputs.js';
import { RestingPlace, versionOf } from './rest.js';
import type { Unrest } from './rest.js';
import { Retries } from './retries.js';
import { SOME_ATTEMPTS, verdictOn } from './verdict.js';

export interface WatchOptions {
    /** Absolute. */
    root: string;
    recursive: boolean;
    /** End when all that is there now is done with. */
    once: boolean;
    settleMs: number;
    filesAtOnce: number;
    pollMs?: number | undefined;
    candidates: Candidates;
    /** @param signal ends what is under way */
    makeWork: (signal: AbortSignal) => FileWork;
    outputs: Outputs;
    disposal: Disposal;
    signal: AbortSignal;
    tell: OnWatchEvent;
    /** A message about the watch as a whole. */
    notice: (message: string) => void;
}

export interface WatchCounts {
    done: number;
    known: number;
    failed: number;
    /** Not taken, or not finished. */
    left: number;
    /** Being worked on now. */
    running: number;
    /** Resting, in line, or to be tried again. */
    waiting: number;
}

export class Watch {
    readonly #options: WatchOptions;
    readonly #work: FileWork;
    readonly #feed: FolderFeed;
    readonly #resting: RestingPlace;
    readonly #queue: PQueue;
    /** Files in line or being worked on. */
    readonly #underway = new Map<string, FileVersion>();
    /** Files that changed while they were underway. */
    readonly #dirty = new Set<string>();
    /** Files that nothing more is done with as they are. */
    readonly #settled = new Map<string, FileVersion>();
    readonly #retries: Retries;
    readonly #hold: OutputHold;
    readonly #ending = new AbortController();
    readonly #counts = { done: 0, known: 0, failed: 0, left: 0 };
    #failure: KvzError | undefined;
    #isScanned = false;
    #idle: () => void = () => undefined;

    constructor(options: WatchOptions) {
        this.#options = options;
        const { root, recursive, candidates, pollMs, notice, settleMs, tell } = options;
        this.#retries = new Retries(options.once);
        this.#queue = new PQueue({ concurrency: options.filesAtOnce });
        this.#work = options.makeWork(AbortSignal.any([options.signal, this.#ending.signal]));
        this.#hold = new OutputHold({
            outputs: options.outputs,
            signal: this.#ending.signal,
            onHold: (message, neededBytes) => this.#held(message, neededBytes),
            onResume: () => this.#resumed(),
        });
        this.#feed = new FolderFeed({
            ...{ root, recursive, candidates, pollMs },
            onScan: (paths) => this.#scanned(paths),
            onChange: (path) => this.#changed(path),
            onPresence: (state) => tell({ event: 'folder', state }),
            onTrouble: notice,
        });
        this.#resting = new RestingPlace({
            settleMs,
            onRested: (path, version) => this.#rested(path, version),
            onUnrest: (path, reason) => this.#unrest(path, reason),
            onGone: () => this.#checkIdle(),
        });
    }

    get counts(): WatchCounts {
        const waiting = this.#resting.size + this.#queue.size + this.#retries.size;
        return { ...this.#counts, running: this.#queue.pending, waiting };
    }

    /**
     * Watches until the signal is aborted, or with `once` until all is done.
     * @throws KvzError what ended the whole watch; the signal's reason
     */
    async run(): Promise<WatchCounts> {
        const { signal, once } = this.#options;
        const ended = new Promise<void>((resolve) => {
            this.#idle = resolve;
            signal.addEventListener('abort', () => resolve(), { once: true });
            this.#ending.signal.addEventListener('abort', () => resolve(), { once: true });
        });
        try {
            if (!signal.aborted) await Promise.race([this.#start(once), ended]);
            await ended;
        } finally {
            this.#ending.abort();
            this.#resting.close();
            const unfinished = this.#underway.size + this.#retries.size;
            this.#retries.close();
            this.#queue.clear();
            this.#queue.start();
            await this.#feed.close();
            await this.#queue.onIdle();
            this.#counts.left += unfinished;
        }
        if (this.#failure) throw this.#failure;
        signal.throwIfAborted();
        return this.counts;
    }

    async #start(once: boolean): Promise<void> {
        if (once) await this.#feed.scanOnce();
        else await this.#feed.start();
        this.#isScanned = true;
        this.#checkIdle();
    }

    #file(path: string): string {
        return relative(this.#options.root, path);
    }

    #tell(path: string, event: WatchEvent): void {
        this.#options.tell(event, this.#file(path));
    }

    #isBusy(path: string): boolean {
        return this.#underway.has(path) || this.#retries.has(path) || this.#resting.has(path);
    }

    #isSettled(path: string, version: FileVersion): boolean {
        const settled = this.#settled.get(path);
        return settled !== undefined && sameVersion(settled, version);
    }

    async #scanned(paths: readonly string[]): Promise<void> {
        this.#work.present(paths);
        for (const path of paths) {
            if (this.#isBusy(path)) continue;
            const version = await versionOf(path);
            if (!version || this.#isBusy(path) || this.#isSettled(path, version)) continue;
            this.#resting.changed(path);
        }
        // What is gone need not be remembered here; the journal knows its content.
        const there = new Set(paths);
        for (const path of this.#settled.keys()) if (!there.has(path)) this.#settled.delete(path);
    }

    #changed(path: string): void {
        if (this.#underway.has(path)) {
            this.#dirty.add(path);
            return;
        }
        this.#retries.drop(path);
        this.#resting.changed(path);
    }

    #unrest(path: string, reason: Unrest): boolean {
        const { once } = this.#options;
        if (!once && reason !== 'empty') return true;
        this.#tell(path, { event: 'left', reason });
        if (once) this.#counts.left++;
        void this.#leave(path, reason);
        return false;
    }

    async #leave(path: string, reason: Unrest): Promise<void> {
        const version = await versionOf(path);
        // Told once, until somebody writes to it.
        if (version && reason === 'empty') this.#settled.set(path, version);
        this.#checkIdle();
    }

    #rested(path: string, version: FileVersion): void {
        if (this.#isSettled(path, version)) return this.#checkIdle();
        this.#underway.set(path, version);
        void this.#queue.add(() => this.#workOn(path, version));
    }

    async #workOn(path: string, version: FileVersion): Promise<void> {
        let neededBytes = 0;
        const tell = (event: WatchEvent): void => {
            if (event.event === 'download') neededBytes = event.totalBytes;
            this.#tell(path, event);
        };
        try {
            if (this.#ending.signal.aborted) return;
            const outcome = await this.#work.run(path, version, tell);
            if (outcome === 'gone') {
                tell({ event: 'left', reason: 'gone' });
                this.#counts.left++;
            } else {
                this.#counts[outcome]++;
                this.#settle(path, version);
            }
        } catch (error) {
            if (!this.#ending.signal.aborted && !this.#options.signal.aborted) {
                await this.#wentWrong(path, version, asKvzError(error), neededBytes);
            }
        } finally {
            this.#underway.delete(path);
            if (this.#dirty.delete(path) && !this.#ending.signal.aborted) this.#changed(path);
            this.#checkIdle();
        }
    }

    #settle(path: string, version: FileVersion): void {
        this.#retries.forget(path);
        this.#settled.set(path, version);
    }

    async #wentWrong(
        path: string,
        version: FileVersion,
        error: KvzError,
        neededBytes: number,
    ): Promise<void> {
        const { once, outputs } = this.#options;
        switch (verdictOn(error)) {
            case 'end':
                return this.#end(error);
            case 'look-again':
                if (once) this.#unrest(path, 'changing');
                else this.#dirty.add(path);
                return undefined;
            case 'hold': {
                const problem = once ? undefined : await outputs.problem(neededBytes);
                if (problem !== undefined) return this.#stand(path, version, problem, neededBytes);
                return this.#again(path, version, error);
            }
            case 'retry':
                // With --once the session is given up by now, and all other files would fail alike.
                if (once && error.code === 'UNREACHABLE') return this.#end(error);
                return this.#again(path, version, error);
            case 'retry-some':
                if (this.#retries.attempt(path) >= SOME_ATTEMPTS) {
                    return this.#fail(path, version, error, true);
                }
                return this.#again(path, version, error);
            case 'give-up':
                return this.#fail(path, version, error, true);
        }
    }

    #end(error: KvzError): void {
        this.#failure ??= error;
        this.#ending.abort();
    }

    /** Tries again later; with `once` soon, and not for long. */
    async #again(path: string, version: FileVersion, error: KvzError): Promise<void> {
        const attempt = this.#retries.attempt(path);
        const delayMs = this.#retries.later(path, () => void this.#lookAgain(path, version));
        if (delayMs === undefined) return this.#fail(path, version, error, false);
        const { code, message } = error;
        const inSeconds = Math.round(delayMs / 100) / 10;
        this.#tell(path, { event: 'retry', code, message, attempt, inSeconds });
    }

    /** A file that has not changed meanwhile need not rest again. */
    async #lookAgain(path: string, version: FileVersion): Promise<void> {
        this.#underway.set(path, version);
        const now = await versionOf(path);
        if (now && sameVersion(now, version)) return this.#rested(path, version);
        this.#underway.delete(path);
        if (now) this.#changed(path);
        return this.#checkIdle();
    }

    /** @param away whether the file is moved away; one that may do later stays */
    async #fail(path: string, version: FileVersion, error: KvzError, away: boolean): Promise<void> {
        const { disposal } = this.#options;
        this.#counts.failed++;
        emitError((_, event) => this.#tell(path, event), { index: 0, file: '' }, error);
        this.#settle(path, version);
        if (!away) return;
        const disposed = await disposal.failed(path, version, error);
        if (!disposed) return;
        this.#tell(path, disposed);
        if (disposed.event !== 'kept') return;
        try {
            this.#work.giveUp(path, version, error);
        } catch (journalError) {
            this.#options.notice(asKvzError(journalError).message);
        }
    }

    /** The file goes to the end of the line, which stands still until results can be written. */
    #stand(path: string, version: FileVersion, problem: string, neededBytes: number): void {
        setImmediate(() => {
            if (!this.#ending.signal.aborted) void this.#lookAgain(path, version);
        });
        this.#hold.begin(problem, neededBytes);
    }

    #held(message: string, neededBytes: number): void {
        this.#queue.pause();
        this.#options.tell({
            event: 'hold',
            code: 'OUTPUT_UNWRITABLE',
            message,
            ...(neededBytes > 0 ? { neededBytes } : {}),
        });
    }

    #resumed(): void {
        this.#options.tell({ event: 'resume' });
        this.#queue.start();
    }

    #checkIdle(): void {
        if (!this.#options.once || !this.#isScanned) return;
        const busy = this.#resting.size + this.#underway.size + this.#retries.size;
        if (busy === 0 && this.#dirty.size === 0) this.#idle();
    }
}
