/** Takes tickets from Redis and runs what they stand for, so many at a time. */
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { TICKET_QUEUE, type Ticket } from './ticket.js';

/** How long a worker that fell silent keeps its ticket; renewed at half of this. */
const LOCK_MS = 30_000;
/** A ticket whose worker died goes to others this often; the daemon decides what it is worth. */
const MAX_STALLED = 10;

export interface TicketTakerOptions {
    redis: Redis;
    prefix: string;
    /** Tickets at a time, at least 1. */
    slots: number;
    /** Runs a job to its end. Rejecting gives the ticket up; the daemon then writes another. */
    run: (ticket: Ticket) => Promise<void>;
    /** Told what goes wrong with Redis; taking goes on by itself when it is back. */
    onError: (error: Error) => void;
}

export class TicketTaker {
    readonly #worker: Worker<Ticket, void>;
    readonly #slots: number;
    #running = 0;

    constructor({ redis, prefix, slots, run, onError }: TicketTakerOptions) {
        this.#slots = slots;
        this.#worker = new Worker<Ticket, void>(
            TICKET_QUEUE,
            async (job) => {
                this.#running += 1;
                try {
                    await run(job.data);
                } finally {
                    this.#running -= 1;
                }
            },
            {
                connection: redis,
                prefix,
                concurrency: slots,
                autorun: false,
                lockDuration: LOCK_MS,
                stalledInterval: LOCK_MS / 2,
                maxStalledCount: MAX_STALLED,
                // Done or given up, a ticket leaves nothing: its number may be needed again.
                removeOnComplete: { count: 0 },
                removeOnFail: { count: 0 },
            },
        );
        this.#worker.on('error', onError);
    }

    /** Begins to take tickets. */
    start(): void {
        // It ends when the taker is stopped, and tells of its errors by the event.
        this.#worker.run().catch(() => undefined);
    }

    get running(): number {
        return this.#running;
    }

    get free(): number {
        return Math.max(0, this.#slots - this.#running);
    }

    /** Takes no more tickets until {@link resume}; those it has go on. */
    pause(): void {
        void this.#worker.pause(true);
    }

    resume(): void {
        void this.#worker.resume();
    }

    /** Takes no more and resolves when those that run have ended. */
    async stop(): Promise<void> {
        await this.#worker.close();
    }
}
