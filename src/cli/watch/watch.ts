/**
 * A watched folder: files come in, rest, are worked on several at a time, and are tried again when
 * that may help. Nothing that is said here is kept in memory alone: whatever ends the process, the
 * next watch goes on from the folder and the journal.
 */
import { relative } from 'node:path';
import PQueue from 'p-queue';
import { backoffMs, sleep } from '../../client/backoff.js';
import { asKvzError, emitError } from '../../client/encode-batch.js';
import { sameVersion } from '../../client/input-file.js';
import type { FileVersion } from '../../client/input-file.js';
import type { KvzError } from '../../protocol/errors.js';
import type { Candidates } from './candidates.js';
import type { Disposal } from './disposal.js';
import type { OnWatchEvent, WatchEvent } from './events.js';
import type { FileWork } from './file-work.js';
import { FolderFeed } from './folder-feed.js';
import type { Outputs } from './outputs.js';
import { RestingPlace, versionOf } from './rest.js';
import type { Unrest } from './rest.js';
import { SOME_ATTEMPTS, verdictOn } from './verdict.js';

const RETRY = { firstMs: 4_000, maxMs: 5 * 60_000 };
/** With `--once` nobody waits for long: the next run tries again. */
const RETRY_ONCE = { firstMs: 1_000, maxMs: 5_000 };
const ATTEMPTS_ONCE = 3;
/** How often a disk that cannot be written to is looked at. */
const HOLD_CHECK_MS = 2_000;

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
    readonly #attempts = new Map<string, number>();
    readonly #retries = new Map<string, NodeJS.Timeout>();
    readonly #ending = new AbortController();
    readonly #counts = { done: 0, known: 0, failed: 0, left: 0 };
    #failure: KvzError | undefined;
    /** Set while results cannot be written. */
    #holding: { neededBytes: number } | undefined;
    #isScanned = false;
    #idle: () => void = () => undefined;

    constructor(options: WatchOptions) {
        this.#options = options;
        const { root, recursive, candidates, pollMs, notice, settleMs, tell } = options;
        this.#queue = new PQueue({ concurrency: options.filesAtOnce });
        this.#work = options.makeWork(AbortSignal.any([options.signal, this.#ending.signal]));
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
            for (const timer of this.#retries.values()) clearTimeout(timer);
            const unfinished = this.#underway.size + this.#retries.size;
            this.#queue.clear();
            this.#queue.start();
            await this.#feed.close();
            await this.#queue.onIdle();
            this.#retries.clear();
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
        clearTimeout(this.#retries.get(path));
        this.#retries.delete(path);
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
        this.#attempts.delete(path);
        this.#settled.set(path, version);
    }

    async #wentWrong(
        path: string,
        version: FileVersion,
        error: KvzError,
        neededBytes: number,
    ): Promise<void> {
        const { once, outputs } = this.#options;
        const attempt = (this.#attempts.get(path) ?? 0) + 1;
        switch (verdictOn(error)) {
            case 'end':
                return this.#end(error);
            case 'look-again':
                if (once) this.#unrest(path, 'changing');
                else this.#dirty.add(path);
                return undefined;
            case 'hold': {
                const problem = once ? undefined : await outputs.problem(neededBytes);
                if (problem !== undefined) return this.#hold(path, problem, neededBytes);
                return this.#again(path, version, error, attempt);
            }
            case 'retry':
                // With --once the session is given up by now, and all other files would fail alike.
                if (once && error.code === 'UNREACHABLE') return this.#end(error);
                return this.#again(path, version, error, attempt);
            case 'retry-some':
                if (attempt >= SOME_ATTEMPTS) return this.#fail(path, version, error, true);
                return this.#again(path, version, error, attempt);
            case 'give-up':
                return this.#fail(path, version, error, true);
        }
    }

    #end(error: KvzError): void {
        this.#failure ??= error;
        this.#ending.abort();
    }

    /** Tries again later; with `once` soon, and not for long. */
    async #again(
        path: string,
        version: FileVersion,
        error: KvzError,
        attempt: number,
    ): Promise<void> {
        const { once } = this.#options;
        if (once && attempt >= ATTEMPTS_ONCE) return this.#fail(path, version, error, false);
        this.#attempts.set(path, attempt);
        const delayMs = backoffMs(attempt - 1, once ? RETRY_ONCE : RETRY);
        const { code, message } = error;
        const inSeconds = Math.round(delayMs / 100) / 10;
        this.#tell(path, { event: 'retry', code, message, attempt, inSeconds });
        const timer = setTimeout(() => {
            this.#retries.delete(path);
            void this.#lookAgain(path, version);
        }, delayMs);
        this.#retries.set(path, timer);
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

    /** Nothing is begun until results can be written again. */
    #hold(path: string, message: string, neededBytes: number): void {
        const version = this.#underway.get(path);
        if (version) {
            // Goes to the end of the line, which stands still.
            setImmediate(() => {
                if (!this.#ending.signal.aborted) void this.#lookAgain(path, version);
            });
        }
        if (this.#holding) {
            this.#holding.neededBytes = Math.max(this.#holding.neededBytes, neededBytes);
            return;
        }
        this.#holding = { neededBytes };
        this.#queue.pause();
        this.#options.tell({
            event: 'hold',
            code: 'OUTPUT_UNWRITABLE',
            message,
            ...(neededBytes > 0 ? { neededBytes } : {}),
        });
        void this.#waitForOutputs();
    }

    async #waitForOutputs(): Promise<void> {
        try {
            while (this.#holding) {
                await sleep(HOLD_CHECK_MS, this.#ending.signal);
                const problem = await this.#options.outputs.problem(this.#holding.neededBytes);
                if (problem === undefined) this.#holding = undefined;
            }
            this.#options.tell({ event: 'resume' });
            this.#queue.start();
        } catch {
            // The watch ends.
        }
    }

    #checkIdle(): void {
        if (!this.#options.once || !this.#isScanned) return;
        const busy = this.#resting.size + this.#underway.size + this.#retries.size;
        if (busy === 0 && this.#dirty.size === 0) this.#idle();
    }
}
