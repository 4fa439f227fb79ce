/** What the live view of the queue shows, and what its keys do. Knows nothing of Ink. */
import { isEnd } from '../../protocol/job-state.js';
import type { Job, JobEvent } from '../../protocol/messages.js';
import type { TerminalSize } from '../ui/view-store.js';
import { applyEvent } from './queue-data.js';
import type { QueueData } from './queue-data.js';

/** A question that must be answered before anything is done. */
export interface Question {
    text: string;
    act: () => Promise<string>;
}

export interface TopScreenState {
    size: TerminalSize;
    data: QueueData | undefined;
    /** The job that keys are about. */
    selectedId: string | undefined;
    /** The first row that is shown, 0-based. */
    firstRow: number;
    /** Why what is shown may be old. */
    away: string | undefined;
    /** What the last key led to. */
    message: string | undefined;
    question: Question | undefined;
    help: boolean;
    /** Every user's jobs. */
    all: boolean;
    /** When it is shown: times to come are told from here on. */
    nowMs: number;
}

/** What keys ask of the daemon. */
export interface TopActions {
    cancel(jobId: string): Promise<unknown>;
    retry(jobId: string): Promise<unknown>;
    prioritise(jobId: string, priority: number): Promise<unknown>;
    pauseQueue(): Promise<unknown>;
    resumeQueue(): Promise<unknown>;
    /** Fetches everything anew. */
    refresh(): void;
    quit(): void;
}

/** Lines of the screen that are not rows of jobs: title, facts, column names, message, keys. */
const OTHER_LINES = 5;
const PRIORITY_STEP = 1;
const PRIORITY_LIMIT = 100;
/** Changes are shown at most this often, milliseconds. */
const INTERVAL_MS = 200;

/** Lines for worker machines: a quarter of the screen. */
export const roomForMachines = ({ rows }: TerminalSize): number => Math.floor(rows / 4);

/** Lines for jobs. */
export function roomForRows({ size, data }: Pick<TopScreenState, 'size' | 'data'>): number {
    const machines = Math.min(data?.stats.machines?.length ?? 0, roomForMachines(size));
    return Math.max(1, size.rows - 1 - OTHER_LINES - machines);
}

export class TopStore {
    readonly #actions: TopActions;
    readonly #listeners = new Set<() => void>();
    #state: TopScreenState;
    #shown: TopScreenState;
    #timer: NodeJS.Timeout | undefined;

    constructor(actions: TopActions, size: TerminalSize, all: boolean) {
        this.#actions = actions;
        this.#state = {
            ...{ size, all, firstRow: 0, help: false, nowMs: Date.now() },
            ...{ data: undefined, selectedId: undefined, away: undefined },
            ...{ message: undefined, question: undefined },
        };
        this.#shown = this.#state;
    }

    readonly subscribe = (listener: () => void): (() => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    };

    readonly snapshot = (): TopScreenState => this.#shown;

    get all(): boolean {
        return this.#state.all;
    }

    setData(data: QueueData): void {
        this.#change({ data, away: undefined });
    }

    event(event: JobEvent): void {
        if (this.#state.data) this.#change({ data: applyEvent(this.#state.data, event) });
    }

    setAway(away: string | undefined): void {
        this.#change({ away });
    }

    resize(size: TerminalSize): void {
        this.#change({ size }, true);
    }

    /** @param name of a key that is no character, such as `up` or `interrupt`; else the character */
    key(name: string): void {
        const { question, help } = this.#state;
        // Ctrl-C leaves from wherever one is.
        if (name === 'interrupt') return this.#actions.quit();
        if (question) return this.#answer(question, name);
        if (help) return this.#change({ help: false }, true);
        const move: Record<string, number> = {
            ...{ up: -1, k: -1, down: 1, j: 1 },
            ...{ pageUp: -roomForRows(this.#state), pageDown: roomForRows(this.#state) },
            ...{ home: -Infinity, g: -Infinity, end: Infinity, G: Infinity },
        };
        const step = move[name];
        if (step !== undefined) return this.#move(step);
        switch (name) {
            case 'q':
            case 'escape':
                return this.#actions.quit();
            case '?':
            case 'h':
                return this.#change({ help: true, message: undefined }, true);
            case 'p':
                return this.#pause();
            case 'a':
                return this.#everybody();
            case 'c':
            case 'r':
            case '+':
            case '=':
            case '-':
                return this.#aboutJob(name);
            default:
                return undefined;
        }
    }

    get #selected(): Job | undefined {
        const { data, selectedId } = this.#state;
        return data?.jobs.find(({ id }) => id === selectedId);
    }

    #answer({ act }: Question, name: string): void {
        this.#change({ question: undefined, message: undefined }, true);
        if (name === 'y' || name === 'Y') this.#do(act);
    }

    #move(step: number): void {
        const jobs = this.#state.data?.jobs ?? [];
        const at = jobs.findIndex(({ id }) => id === this.#state.selectedId);
        const index = Math.min(jobs.length - 1, Math.max(0, at + step));
        this.#change({ selectedId: jobs[index]?.id, message: undefined }, true);
    }

    #aboutJob(key: string): void {
        const job = this.#selected;
        if (!job) return this.#tell('there is no job here');
        const { id, name, state, priority } = job;
        if (key === 'c') {
            if (isEnd(state)) return this.#tell(`${name} has ended: it is ${state}`);
            const act = (): Promise<string> =>
                this.#actions.cancel(id).then(() => `${name} is cancelled`);
            return this.#change({ question: { text: `cancel ${name}?`, act } }, true);
        }
        if (key === 'r') {
            if (!isEnd(state) || state === 'ready') {
                return this.#tell(`${name} is ${state}: only what has failed can be tried again`);
            }
            return this.#do(() => this.#actions.retry(id).then(() => `${name} is queued again`));
        }
        if (state !== 'queued' && state !== 'uploading') {
            return this.#tell(`${name} is ${state}: only what waits has a priority`);
        }
        const wanted = priority + (key === '-' ? -PRIORITY_STEP : PRIORITY_STEP);
        if (Math.abs(wanted) > PRIORITY_LIMIT) return this.#tell(`${priority} is the limit`);
        return this.#do(() =>
            this.#actions.prioritise(id, wanted).then(() => `${name} has priority ${wanted}`),
        );
    }

    #pause(): void {
        const { data } = this.#state;
        if (!data) return undefined;
        if (!data.stats.isAdmin) return this.#tell('only administrators pause the queue');
        if (data.stats.paused?.reason === 'user') {
            return this.#do(() => this.#actions.resumeQueue().then(() => 'the queue goes on'));
        }
        const act = (): Promise<string> =>
            this.#actions.pauseQueue().then(() => 'the queue is paused; p lets it go on');
        const text = 'pause the queue? Jobs that run go on, no other is started.';
        return this.#change({ question: { text, act } }, true);
    }

    #everybody(): void {
        const { data, all } = this.#state;
        if (!data?.stats.isAdmin) return this.#tell("only administrators see everybody's jobs");
        this.#change({ all: !all }, true);
        return this.#actions.refresh();
    }

    #tell(message: string): void {
        this.#change({ message }, true);
    }

    /** Does it, and says what came of it. */
    #do(act: () => Promise<string>): void {
        const done = async (): Promise<void> => {
            try {
                this.#tell(await act());
                this.#actions.refresh();
            } catch (error) {
                this.#tell((error as Error).message);
            }
        };
        void done();
    }

    /** Keeps the selection on a job that is there, and in sight. */
    #settled(state: TopScreenState): TopScreenState {
        const jobs = state.data?.jobs ?? [];
        const before = this.#state.data?.jobs ?? [];
        const found = jobs.findIndex(({ id }) => id === state.selectedId);
        const was = before.findIndex(({ id }) => id === state.selectedId);
        const at = found >= 0 ? found : Math.min(Math.max(0, was), jobs.length - 1);
        const room = roomForRows(state);
        const least = Math.max(0, at - room + 1);
        const most = Math.max(0, Math.min(at, jobs.length - room));
        const firstRow = Math.max(Math.min(state.firstRow, Math.max(most, least)), least);
        return {
            ...state,
            selectedId: jobs[at]?.id,
            firstRow: Math.min(firstRow, Math.max(0, at)),
        };
    }

    #change(change: Partial<TopScreenState>, now = false): void {
        this.#state = this.#settled({ ...this.#state, ...change });
        if (now) return this.#show();
        this.#timer ??= setTimeout(() => this.#show(), INTERVAL_MS);
    }

    #show(): void {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#shown = { ...this.#state, nowMs: Date.now() };
        for (const listener of this.#listeners) listener();
    }

    close(): void {
        clearTimeout(this.#timer);
        this.#listeners.clear();
    }
}
