/**
 * Tells which files of a folder to look at. The folder as it is read is the truth; events only say
 * when to look sooner, as they get lost on network file systems, while a folder is away, or when
 * the system's watches are used up.
 */
import { watch } from 'chokidar';
import type { FSWatcher } from 'chokidar';
import { folderProblem } from '../../config/file-problem.js';
import { KvzError } from '../../protocol/errors.js';
import type { Candidates } from './candidates.js';
import { folderIdentity, scanFolder } from './scan.js';

/** How often the folder is looked for, and looked through although events come. */
const PRESENCE_MS = 1_000;
const SAFETY_SCAN_MS = 60_000;
/** Events that ask for a look through the folder are waited for this long. */
const GATHER_MS = 300;

export interface FeedOptions {
    /** Absolute. */
    root: string;
    recursive: boolean;
    candidates: Candidates;
    /** Look through the folder this often instead of waiting for events. */
    pollMs?: number | undefined;
    /** All files that are there now. */
    onScan: (paths: readonly string[]) => Promise<void>;
    /** This file has changed now. */
    onChange: (path: string) => void;
    /** The folder went away, or is back. */
    onPresence: (state: 'gone' | 'back') => void;
    /** Events cannot be had: the folder is looked through instead. */
    onTrouble: (message: string) => void;
}

export class FolderFeed {
    readonly #options: FeedOptions;
    #watcher: FSWatcher | undefined;
    #identity: string | undefined;
    #presenceTimer: NodeJS.Timeout | undefined;
    #scanTimer: NodeJS.Timeout | undefined;
    #gatherTimer: NodeJS.Timeout | undefined;
    #scanning: Promise<void> | undefined;
    #scanAgain = false;
    #troubled = false;
    #isChecking = false;
    #closed = false;

    constructor(options: FeedOptions) {
        this.#options = options;
    }

    /** Looks through the folder, and goes on telling of changes. */
    async start(): Promise<void> {
        const { root, pollMs } = this.#options;
        this.#identity = await folderIdentity(root);
        await this.#open();
        await this.#scan();
        this.#presenceTimer = setInterval(() => void this.#checkPresence(), PRESENCE_MS);
        this.#scanTimer = setInterval(() => void this.#scan(), pollMs ?? SAFETY_SCAN_MS);
    }

    /**
     * Looks through the folder and tells of nothing more.
     * @throws KvzError INPUT_UNREADABLE
     */
    async scanOnce(): Promise<void> {
        const { root, candidates, onScan } = this.#options;
        const paths = await scanFolder(root, candidates).catch((error: unknown) => {
            throw new KvzError('INPUT_UNREADABLE', `${root}: ${folderProblem(error)}`);
        });
        await onScan(paths);
    }

    async close(): Promise<void> {
        this.#closed = true;
        clearInterval(this.#presenceTimer);
        clearInterval(this.#scanTimer);
        clearTimeout(this.#gatherTimer);
        await this.#watcher?.close();
    }

    async #open(): Promise<void> {
        const { root, recursive, candidates, pollMs } = this.#options;
        if (pollMs !== undefined || this.#identity === undefined || this.#closed) return;
        const watcher = watch(root, {
            ignoreInitial: true,
            ignorePermissionErrors: true,
            followSymlinks: false,
            atomic: false,
            ...(recursive ? {} : { depth: 0 }),
            ignored: (path, stats) =>
                stats?.isDirectory() === true && !candidates.takesFolder(path),
        });
        this.#watcher = watcher;
        watcher.on('all', (event, path) => {
            if (event === 'add' || event === 'change') {
                if (candidates.takesFile(path, new Set())) this.#options.onChange(path);
            } else if (path !== root || event !== 'addDir') {
                // What is in a new folder may have been there before its events were asked for;
                // and what is removed may be the sign that another file is finished.
                this.#scanSoon();
            }
        });
        watcher.on('error', (error) => this.#trouble(error));
        // Changes before this are seen by the scan that follows.
        await new Promise<void>((resolve) => {
            watcher.once('ready', resolve);
            watcher.once('error', () => resolve());
        });
    }

    #trouble(error: unknown): void {
        const message = error instanceof Error ? error.message : String(error);
        if (!this.#troubled) {
            this.#options.onTrouble(
                `changes of the folder are not told by the system (${message}); looking through it every ${SAFETY_SCAN_MS / 1000} s, --poll changes that`,
            );
        }
        this.#troubled = true;
        this.#scanSoon();
    }

    #scanSoon(): void {
        this.#gatherTimer ??= setTimeout(() => {
            this.#gatherTimer = undefined;
            void this.#scan();
        }, GATHER_MS);
    }

    async #scan(): Promise<void> {
        this.#scanAgain = true;
        this.#scanning ??= this.#scanWhileAsked().finally(() => (this.#scanning = undefined));
        await this.#scanning;
    }

    async #scanWhileAsked(): Promise<void> {
        const { root, candidates, onScan } = this.#options;
        while (this.#scanAgain && !this.#closed) {
            this.#scanAgain = false;
            // A folder that is away is told by the check of its presence.
            const paths = await scanFolder(root, candidates).catch(() => undefined);
            if (paths && !this.#closed) await onScan(paths);
        }
    }

    /** The folder may go, come back, or be another one, when something is mounted over it. */
    async #checkPresence(): Promise<void> {
        // A network mount that hangs is asked once.
        if (this.#isChecking) return;
        this.#isChecking = true;
        try {
            await this.#lookForFolder();
        } finally {
            this.#isChecking = false;
        }
    }

    async #lookForFolder(): Promise<void> {
        const identity = await folderIdentity(this.#options.root);
        if (identity === this.#identity || this.#closed) return;
        const before = this.#identity;
        this.#identity = identity;
        await this.#watcher?.close();
        this.#watcher = undefined;
        if (identity === undefined) return this.#options.onPresence('gone');
        if (before === undefined) this.#options.onPresence('back');
        await this.#open();
        await this.#scan();
    }
}
