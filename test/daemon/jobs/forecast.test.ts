import { describe, expect, it } from 'vitest';
import { forecast } from '../../../src/daemon/jobs/forecast.js';
import { Store, type NewJob, type PendingJob } from '../../../src/daemon/store/index.js';
import { optionsSchema } from '../../../src/protocol/messages.js';
import { newToken } from '../../helpers/daemon.js';

let created = 0;

const pending = (id: string, more: Partial<PendingJob> = {}): PendingJob => ({
    id,
    userId: 1,
    state: 'queued',
    requestKey: id,
    priority: 0,
    served: 0,
    number: (created += 1),
    retryAt: undefined,
    progress: undefined,
    estimatedSeconds: 10,
    ...more,
});

const oneWorker = { workers: 1, isPaused: false, nowMs: 0 };

const running = (id: string, etaSeconds?: number): PendingJob =>
    pending(id, {
        state: 'encoding',
        estimatedSeconds: undefined,
        progress: { frame: 1, ...(etaSeconds !== undefined && { etaSeconds }) },
    });

describe('a forecast', () => {
    it('adds up what comes before', () => {
        const jobs = [running('a', 4), pending('b'), pending('c', { priority: 1 })];
        expect([...forecast(jobs, oneWorker)]).toEqual([
            ['c', { position: 1, startSeconds: 4, etaSeconds: 14 }],
            ['b', { position: 2, startSeconds: 14, etaSeconds: 24 }],
        ]);
        expect(forecast(jobs, { ...oneWorker, workers: 2 }).get('b')).toEqual({
            position: 2,
            startSeconds: 4,
            etaSeconds: 14,
        });
    });

    it('tells no time that depends on one that is not known', () => {
        const unknown = { estimatedSeconds: undefined };
        expect([
            ...forecast([pending('a'), pending('b', unknown), pending('c')], oneWorker),
        ]).toEqual([
            ['a', { position: 1, startSeconds: 0, etaSeconds: 10 }],
            ['b', { position: 2, startSeconds: 10 }],
            ['c', { position: 3 }],
        ]);
        expect([...forecast([running('a'), pending('b')], oneWorker)]).toEqual([
            ['b', { position: 1 }],
        ]);
    });

    it('tells places, and no times, while the queue is paused', () => {
        const jobs = [pending('a'), pending('b')];
        expect([...forecast(jobs, { ...oneWorker, isPaused: true })]).toEqual([
            ['a', { position: 1 }],
            ['b', { position: 2 }],
        ]);
    });

    it('gives equal requests the time of the one that is encoded, and no place', () => {
        const jobs = [running('a', 4), pending('b', { requestKey: 'a' }), pending('c')];
        expect(Object.fromEntries(forecast(jobs, oneWorker))).toEqual({
            b: { etaSeconds: 4 },
            c: { position: 1, startSeconds: 4, etaSeconds: 14 },
        });
    });

    it('leaves out what is to be tried again later', () => {
        const jobs = [pending('a', { retryAt: 5 }), pending('b')];
        expect(forecast(jobs, oneWorker).get('a')).toEqual({});
        expect(forecast(jobs, { ...oneWorker, nowMs: 5 }).get('a')?.position).toBe(1);
    });
});

/** A store with jobs of users, the first users' jobs being the oldest. */
function storeWith(jobsPerUser: readonly number[]): { store: Store; users: number[] } {
    const store = new Store(':memory:');
    const users = jobsPerUser.map(() => store.tokens.findOrOpen(newToken(), 0)?.id ?? 0);
    const jobs = jobsPerUser.flatMap((count, index) =>
        Array.from({ length: count }, (_, number) => ({ index, number })),
    );
    store.transaction(() => {
        for (const [now, { index, number }] of jobs.entries()) {
            const job: NewJob = {
                userId: users[index] ?? 0,
                fileId: 'f',
                uploadId: undefined,
                name: 'clip.mp4',
                size: 1,
                raw: undefined,
                options: optionsSchema.parse({}),
                requestKey: `${index}-${number}`,
                priority: 0,
                pixels: undefined,
            };
            store.jobs.create(job, 'queued', now);
        }
    });
    return { store, users };
}

describe('users with many files', () => {
    it.each([1, 2, 5])('do not hold up one with a single file, with %i workers', (workers) => {
        const { store, users } = storeWith([500, 1, 3]);
        const claimed: number[] = [];
        const held: string[] = [];
        const positions = forecast(store.speeds.pending(), {
            ...{ workers, isPaused: false, nowMs: 0 },
        });
        for (let turn = 0; turn < 20; turn += 1) {
            const [job] = store.turns.claim(turn) ?? [];
            if (!job) throw new Error('nothing to claim');
            // What was foretold is what happens, as long as nothing else comes.
            if (turn < workers) expect(positions.get(job.id)?.position).toBe(turn + 1);
            claimed.push(job.userId);
            held.push(job.id);
            if (held.length === workers) {
                const ended = held.shift() ?? '';
                store.jobs.transition(ended, 'cancelled', turn);
            }
        }
        const firstTurn = users.map((user) => claimed.indexOf(user));
        expect(Math.max(...firstTurn)).toBeLessThan(3);
        // Whoever has jobs gets the same share.
        expect(claimed.filter((user) => user === users[2]).length).toBe(3);
        expect(claimed.slice(0, 9).filter((user) => user === users[2]).length).toBeGreaterThan(1);
        store.close();
    });
});
