/** What every queue must do, tried on each of them. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JobQueue } from '../../../src/daemon/queue/queue.js';
import type { Ticket } from '../../../src/worker/ticket.js';

/** Jobs in the order in which they are to run, as the store gives them, and work that can be held. */
export class FakeJobs {
    readonly waiting: Ticket[] = [];
    readonly started: string[] = [];
    readonly running = new Set<string>();
    mostAtOnce = 0;
    readonly #ends = new Map<string, () => void>();
    readonly #watchers = new Set<() => void>();

    add(jobId: string, priority = 0, attempt = 0): void {
        this.waiting.push({ jobId, attempt, priority });
        this.waiting.sort((a, b) => b.priority - a.priority);
    }

    /** As the store's claim: each attempt is had once. */
    async run(ticket: Ticket): Promise<boolean> {
        const at = this.waiting.findIndex(
            ({ jobId, attempt }) => jobId === ticket.jobId && attempt === ticket.attempt,
        );
        if (at < 0) return false;
        this.waiting.splice(at, 1);
        this.running.add(ticket.jobId);
        this.started.push(ticket.jobId);
        this.mostAtOnce = Math.max(this.mostAtOnce, this.running.size);
        await new Promise<void>((resolve) => {
            this.#ends.set(ticket.jobId, resolve);
            this.#changed();
        });
        this.running.delete(ticket.jobId);
        this.#changed();
        return true;
    }

    async runNext(): Promise<boolean> {
        const [next] = this.waiting;
        return next ? this.run(next) : false;
    }

    end(jobId: string): void {
        this.#ends.get(jobId)?.();
    }

    endAll(): void {
        for (const jobId of this.running) this.end(jobId);
    }

    async until(fits: () => boolean): Promise<void> {
        await new Promise<void>((resolve) => {
            const look = (): void => {
                if (!fits()) return;
                this.#watchers.delete(look);
                resolve();
            };
            this.#watchers.add(look);
            look();
        });
    }

    #changed(): void {
        for (const look of this.#watchers) look();
    }
}

/**
 * @param make a queue that runs what `jobs` has waiting
 * @param settled resolves when the queue has taken note of everything that it was woken for
 */
export function queueContract<Q extends JobQueue>(
    name: string,
    make: (jobs: FakeJobs, slots: number) => Promise<Q>,
    settled: (queue: Q) => Promise<void> = async () => undefined,
): void {
    const started = async (slots: number): Promise<[FakeJobs, Q]> => {
        const jobs = new FakeJobs();
        const queue = await make(jobs, slots);
        onTestFinished(async () => {
            jobs.endAll();
            await queue.stop();
        });
        return [jobs, queue];
    };

    describe(`the ${name} queue`, () => {
        it('runs each job once, and no more at a time than it has slots', async () => {
            const [jobs, queue] = await started(3);
            const ids = Array.from({ length: 10 }, (_, number) => `job${number}`);
            for (const id of ids) {
                jobs.add(id);
                queue.wake();
            }
            for (let done = 0; done < ids.length; done += 1) {
                const expected = Math.min(3, ids.length - done);
                await jobs.until(() => jobs.running.size === expected);
                const [first] = jobs.running;
                jobs.end(first ?? '');
                await jobs.until(() => !jobs.running.has(first ?? ''));
            }
            expect(jobs.started.toSorted()).toEqual(ids);
            expect(jobs.mostAtOnce).toBe(3);
        });

        it('runs the job with the highest priority next', async () => {
            const [jobs, queue] = await started(1);
            jobs.add('first');
            queue.wake();
            await jobs.until(() => jobs.running.has('first'));
            for (const [id, priority] of [
                ['low', -100],
                ['usual', 0],
                ['high', 100],
            ] as const) {
                jobs.add(id, priority);
                queue.wake();
            }
            for (const id of ['first', 'high', 'usual', 'low']) {
                await jobs.until(() => jobs.running.has(id));
                await settled(queue);
                jobs.end(id);
            }
            await jobs.until(() => jobs.running.size === 0);
            expect(jobs.started).toEqual(['first', 'high', 'usual', 'low']);
        });

        it('goes on when it is woken after it had nothing to do', async () => {
            const [jobs, queue] = await started(2);
            queue.wake();
            for (const id of ['a', 'b', 'c']) {
                jobs.add(id);
                queue.wake();
                await jobs.until(() => jobs.running.has(id));
                jobs.end(id);
                await jobs.until(() => jobs.running.size === 0);
            }
            expect(jobs.started).toEqual(['a', 'b', 'c']);
        });

        it('runs a second attempt at the same job', async () => {
            const [jobs, queue] = await started(1);
            for (const attempt of [0, 1]) {
                jobs.add('again', 0, attempt);
                queue.wake();
                await jobs.until(() => jobs.running.has('again'));
                jobs.end('again');
                await jobs.until(() => jobs.running.size === 0);
            }
            expect(jobs.started).toEqual(['again', 'again']);
        });

        it('says how many run', async () => {
            const [jobs, queue] = await started(2);
            expect(queue.running).toBe(0);
            jobs.add('a');
            jobs.add('b');
            queue.wake();
            await jobs.until(() => jobs.running.size === 2);
            expect(queue.running).toBe(2);
        });

        it('stops when what runs has ended, and starts nothing any more', async () => {
            const [jobs, queue] = await started(1);
            jobs.add('running');
            jobs.add('waiting');
            queue.wake();
            await jobs.until(() => jobs.running.has('running'));
            let hasStopped = false;
            const stopped = queue.stop().then(() => (hasStopped = true));
            queue.wake();
            expect(hasStopped).toBe(false);
            jobs.end('running');
            await stopped;
            expect(jobs.started).toEqual(['running']);
        });
    });
}
