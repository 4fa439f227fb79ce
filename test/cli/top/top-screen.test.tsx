/** The live view of the queue, drawn at several sizes, and what its keys do. */
import { render } from 'ink-testing-library';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { TopScreen } from '../../../src/cli/top/TopScreen.js';
import { TopStore } from '../../../src/cli/top/top-store.js';
import type { TopActions } from '../../../src/cli/top/top-store.js';
import { applyEvent, inOrder } from '../../../src/cli/top/queue-data.js';
import type { QueueData } from '../../../src/cli/top/queue-data.js';
import { chooseTheme } from '../../../src/cli/ui/theme.js';
import type { Job, WorkerMachine } from '../../../src/protocol/messages.js';

const UTF8 = { LANG: 'C.UTF-8', NO_COLOR: '1' };
const ASCII = { LANG: 'C', NO_COLOR: '1' };

function job(id: string, change: Partial<Job>): Job {
    return {
        ...{ id, state: 'queued', name: `${id}.mp4`, fileId: 'f', size: 1_000_000 },
        ...{ priority: 0, attempt: 1 },
        options: { preset: 'slow', container: 'mkv', kvazaar: [], logo: { enabled: true } },
        createdAt: '2026-01-01T00:00:00.000Z',
        updatedAt: '2026-01-01T00:00:00.000Z',
        ...change,
    };
}

const PROGRESS = { frame: 40, frames: 100, percent: 40, fps: 12.5, etaSeconds: 75, psnr: 38.5 };

const JOBS = [
    job('old', {
        state: 'failed',
        finishedAt: '2026-01-01T00:00:01.000Z',
        failure: { code: 'NO_VIDEO', message: 'there is no video in it' },
    }),
    job('second', { forecast: { position: 2 }, priority: 5 }),
    job('first', { forecast: { position: 1, startSeconds: 90 } }),
    job('sending', { state: 'uploading' }),
    job('running', { state: 'encoding', progress: PROGRESS }),
    job('done', { state: 'ready', finishedAt: '2026-01-01T00:00:09.000Z' }),
];

function data(jobs: readonly Job[] = JOBS, change: Partial<QueueData['stats']> = {}): QueueData {
    const none = { probing: 0, encoding: 1, packaging: 0, cancelled: 0, expired: 0 };
    return {
        server: 'http://127.0.0.1:8265',
        jobs: inOrder(jobs),
        stats: {
            ...{ type: 'server.stats', re: 1, version: '1.2.3', uptimeSeconds: 3600 },
            ...{ workers: 5, running: 1, queued: 2, uploads: 1, freeBytes: 5e10 },
            ...{ isAdmin: true, recent: [] },
            jobs: { ...none, uploading: 1, queued: 2, ready: 1, failed: 1 },
            ...change,
        },
    };
}

function open(columns: number, env: NodeJS.ProcessEnv = UTF8, rows = 16) {
    const actions = {
        cancel: vi.fn<TopActions['cancel']>(() => Promise.resolve()),
        retry: vi.fn<TopActions['retry']>(() => Promise.resolve()),
        prioritise: vi.fn<TopActions['prioritise']>(() => Promise.resolve()),
        pauseQueue: vi.fn<TopActions['pauseQueue']>(() => Promise.resolve()),
        resumeQueue: vi.fn<TopActions['resumeQueue']>(() => Promise.resolve()),
        refresh: vi.fn<TopActions['refresh']>(),
        quit: vi.fn<TopActions['quit']>(),
    };
    const store = new TopStore(actions, { columns, rows }, false);
    const screen = render(<TopScreen store={store} theme={chooseTheme(env)} />);
    onTestFinished(() => {
        screen.unmount();
        store.close();
    });
    /** What was told last is shown now: a change of size is never put off. */
    const frame = async (): Promise<string> => {
        store.resize({ columns, rows });
        await new Promise((resolve) => setImmediate(resolve));
        return screen.lastFrame() ?? '';
    };
    return { store, actions, frame, press: (keys: string) => screen.stdin.write(keys) };
}

const lines = (frame: string): string[] => frame.split('\n');

describe('the live view of the queue', () => {
    it.each([
        [40, UTF8],
        [80, UTF8],
        [80, ASCII],
        [200, UTF8],
    ])('at %i columns %j', async (columns, env) => {
        const { store, frame } = open(columns, env);
        store.setData(data());
        const text = await frame();
        expect(text).toMatchSnapshot();
        expect(lines(text)).toHaveLength(15);
        for (const line of lines(text)) expect(line.length).toBeLessThan(columns);
        if (env === ASCII) expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    });

    it('puts first what runs, then uploads, the queue, and what ended last', () => {
        const order = data().jobs.map(({ id }) => id);
        expect(order).toEqual(['running', 'sending', 'first', 'second', 'done', 'old']);
    });

    it('takes events between two looks', () => {
        const event = { type: 'job.event', seq: 1, jobId: 'first', state: 'probing' } as const;
        const after = applyEvent(data(), event);
        expect(after.jobs[0]).toMatchObject({ id: 'first', state: 'probing' });
        const unknown = data();
        expect(applyEvent(unknown, { ...event, jobId: 'nobody' })).toBe(unknown);
    });

    it('keeps the chosen job chosen while it moves, and in sight', async () => {
        const many = Array.from({ length: 60 }, (_, i) =>
            job(`job${i}`, { forecast: { position: i + 1 } }),
        );
        const { store, frame, press } = open(80);
        store.setData(data(many));
        await frame();
        press('G');
        expect(await frame()).toMatch(/▸ queued +#60 +job59/);
        store.setData(
            data(
                many.toReversed().map((each, i) => job(each.id, { forecast: { position: i + 1 } })),
            ),
        );
        expect(await frame()).toMatch(/▸ queued +#1 +job59/);
        press('\u001B[6~');
        expect(await frame()).toMatch(/▸ queued +#11 +job49/);
        store.setData(data([]));
        expect(await frame()).toContain('there are no jobs');
    });

    it('cancels only after a yes', async () => {
        const { store, actions, frame, press } = open(80);
        store.setData(data());
        await frame();
        press('c');
        expect(await frame()).toContain('cancel running.mp4? (y/n)');
        press('n');
        expect(await frame()).not.toContain('(y/n)');
        expect(actions.cancel).not.toHaveBeenCalled();
        press('cy');
        expect(actions.cancel).toHaveBeenCalledExactlyOnceWith('running');
        await expect.poll(() => actions.refresh).toHaveBeenCalled();
        expect(await frame()).toContain('running.mp4 is cancelled');
    });

    it('says what a key cannot do here, and what the daemon refuses', async () => {
        const { store, actions, frame, press } = open(80);
        store.setData(data());
        await frame();
        press('+');
        expect(await frame()).toContain('running.mp4 is encoding: only what waits has a priority');
        press('r');
        expect(await frame()).toContain('only what has failed can be tried again');
        press('G');
        press('c');
        expect(await frame()).toContain('old.mp4 has ended: it is failed');
        actions.retry.mockRejectedValueOnce(new Error('its file is no longer here'));
        press('r');
        expect(actions.retry).toHaveBeenCalledWith('old');
        await expect.poll(frame).toContain('no longer here');
    });

    it('changes priorities and pauses the queue', async () => {
        const { store, actions, frame, press } = open(80);
        store.setData(data());
        await frame();
        press('jjj-');
        expect(actions.prioritise).toHaveBeenCalledWith('second', 4);
        press('p');
        expect(await frame()).toContain('pause the queue?');
        press('y');
        expect(actions.pauseQueue).toHaveBeenCalled();
        await expect.poll(frame).toContain('the queue is paused');
        const since = '2026-01-01T00:00:00.000Z';
        const paused = { reason: 'user', message: 'paused by anna', since } as const;
        store.setData(data(JOBS, { paused }));
        press('k');
        expect(await frame()).toContain('paused by anna');
        press('p');
        expect(actions.resumeQueue).toHaveBeenCalled();
        store.setData(data(JOBS, { isAdmin: false }));
        await frame();
        press('p');
        expect(await frame()).toContain('only administrators pause the queue');
        press('a');
        expect(await frame()).toContain("only administrators see everybody's jobs");
    });

    it('has a help, says when the daemon is away, and ends with q and Ctrl-C', async () => {
        const { store, actions, frame, press } = open(80);
        store.setData(data());
        await frame();
        press('?');
        expect(await frame()).toContain('cancel it, after asking');
        press('x');
        expect(await frame()).not.toContain('cancel it, after asking');
        store.setAway('the connection ended; waiting for the daemon');
        expect(await frame()).toContain('waiting for the daemon');
        press('q');
        press('\u0003');
        expect(actions.quit).toHaveBeenCalledTimes(2);
        for (const key of ['c', '?']) {
            press(`${key}\u0003`);
            press('n');
        }
        expect(actions.quit).toHaveBeenCalledTimes(4);
        expect(actions.cancel).not.toHaveBeenCalled();
    });
});

describe('worker machines', () => {
    const machine = (name: string, running = 0, silentSeconds = 0.4): WorkerMachine => ({
        ...{ name, slots: 4, running, threads: 8, kvazaar: '2.3.1', silentSeconds },
    });

    it('are shown with their load, and which of them has a job', async () => {
        const { store, frame } = open(100);
        const jobs = [job('running', { state: 'encoding', progress: PROGRESS, worker: 'lab-1' })];
        store.setData(data(jobs, { machines: [machine('lab-1', 1), machine('attic', 0, 12)] }));
        const lines = (await frame()).split('\n');
        expect(lines[2]).toContain('lab-1  1 of 4 busy, 8 threads, kvazaar 2.3.1');
        expect(lines[3]).toContain('attic  0 of 4 busy, silent for 0:12, 8 threads');
        expect(lines.find((line) => line.includes('encoding'))).toContain('on lab-1');
    });

    it('leave room for the jobs', async () => {
        const { store, frame } = open(100);
        const machines = Array.from({ length: 50 }, (_, number) => machine(`m${number}`));
        store.setData(data(JOBS, { machines }));
        const text = await frame();
        expect(text).toContain('47 more worker machines');
        expect(text.split('\n').length).toBeLessThanOrEqual(16);
        expect(text).toContain('encoding');
    });
});
