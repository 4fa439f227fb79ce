/**
 * The queue for more than one machine: what may run is offered to workers as tickets in Redis. The
 * store stays the truth: tickets are written from it, again and again, so an empty Redis is full of
 * the right ones a moment later.
 */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { describeRedis, type RedisAddress } from '../../config/redis-address.js';
import { openRedis } from '../../worker/redis.js';
import { bullmqPriority, TICKET_QUEUE, ticketId, type Ticket } from '../../worker/ticket.js';
import { TicketTaker } from '../../worker/ticket-taker.js';
import { Ownership, type QueueOwner } from './owner.js';
import type { JobQueue } from './queue.js';

/** How often what is offered is written again, in case Redis has lost it. */
const REFRESH_MS = 5_000;
/** Tickets beyond the free slots: those of a worker that vanished must not be all there are. */
const SPARE_TICKETS = 2;

export interface BullmqQueueOptions {
    address: RedisAddress;
    /** The authorities (PEM) that its certificate must be of; default: the usual ones. */
    ca?: string | undefined;
    owner: QueueOwner;
    /** Jobs at a time in this process; 0 leaves all work to other machines. */
    slots: number;
    /** Slots that are free on other machines. */
    remoteFree: () => number;
    /** Jobs that may run now, the next one first. */
    waiting: (limit: number) => Ticket[];
    /** Runs the job of a ticket to its end in this process; nothing happens if it is not to be had. */
    run: (ticket: Ticket) => Promise<void>;
    onError: (error: Error) => void;
    /** Milliseconds; for tests. */
    refreshMs?: number;
}

export class BullmqQueue implements JobQueue {
    readonly #options: BullmqQueueOptions;
    readonly #redis: Redis;
    readonly #tickets: Queue<Ticket, void>;
    readonly #taker: TicketTaker | undefined;
    readonly #ownership: Ownership;
    #problem: string | undefined;
    /** Whether tickets are taken; those that are there may be an earlier daemon's. */
    #isTaking = false;
    #timer: NodeJS.Timeout | undefined;
    /** What is known to be in Redis: priorities by ticket id. */
    readonly #offered = new Map<string, number>();
    #syncing: Promise<void> | undefined;
    #again = false;
    /** Whether Redis may have lost what was written. */
    #isStale = true;
    #stopped = false;

    constructor(options: BullmqQueueOptions) {
        const { address, slots, onError } = options;
        this.#options = options;
        this.#redis = openRedis(address, options.ca, onError);
        this.#redis.on('ready', () => {
            if (this.#timer) this.#refresh();
        });
        const { prefix } = address;
        this.#ownership = new Ownership(this.#redis, prefix, options.owner);
        this.#tickets = new Queue<Ticket, void>(TICKET_QUEUE, { connection: this.#redis, prefix });
        this.#tickets.on('error', onError);
        if (slots > 0) {
            const run = async (ticket: Ticket): Promise<void> => {
                // It is in use: nothing is to be taken back from Redis when its job is offered no more.
                this.#offered.delete(ticketId(ticket));
                try {
                    await options.run(ticket);
                } finally {
                    this.forget(ticket);
                }
            };
            this.#taker = new TicketTaker({ redis: this.#redis, prefix, slots, run, onError });
        }
    }

    get running(): number {
        return this.#taker?.running ?? 0;
    }

    /** Why the queue can't be used: it is another daemon's. */
    get problem(): string | undefined {
        return this.#problem;
    }

    /** Says that there may be work; the first time it also begins to look for the queue. */
    wake(): void {
        if (this.#stopped) return;
        this.#begin();
        if (this.#syncing) {
            this.#again = true;
            return;
        }
        this.#syncing = this.#sync()
            .catch(this.#options.onError)
            .finally(() => {
                this.#syncing = undefined;
                if (!this.#again) return;
                this.#again = false;
                this.wake();
            });
    }

    /** A ticket has been used: should its job wait again, it is offered again. */
    forget(ticket: Pick<Ticket, 'jobId' | 'attempt'>): void {
        this.#offered.delete(ticketId(ticket));
        this.wake();
    }

    /** Resolves when Redis has been told of everything so far, as far as it can be reached. */
    async settled(): Promise<void> {
        while (this.#syncing) await this.#syncing;
    }

    async stop(): Promise<void> {
        this.#stopped = true;
        clearInterval(this.#timer);
        // Without Redis nothing can be said to it, but what runs here is waited for all the same.
        await this.#taker?.stop();
        await this.settled();
        if (this.#redis.status === 'ready') await this.#ownership.release().catch(() => undefined);
        await this.#tickets.close();
        this.#redis.disconnect();
    }

    #begin(): void {
        if (this.#timer) return;
        this.#timer = setInterval(() => this.#refresh(), this.#options.refreshMs ?? REFRESH_MS);
    }

    #refresh(): void {
        this.#isStale = true;
        this.wake();
    }

    /** Takes or keeps the queue, and begins to take tickets or stops, as it is this daemon's or not. */
    async #own(): Promise<void> {
        const other = await this.#ownership.hold();
        if (other === undefined) {
            if (!this.#isTaking) this.#taker?.start();
            else if (this.#problem !== undefined) this.#taker?.resume();
            this.#isTaking = true;
            this.#problem = undefined;
            return;
        }
        if (this.#isTaking) this.#taker?.pause();
        this.#offered.clear();
        this.#problem =
            `the queue ${describeRedis(this.#options.address)} is in use by the daemon of ${other}; ` +
            'give this one a prefix of its own, as in redis://HOST/0?prefix=NAME';
        this.#options.onError(new Error(this.#problem));
    }

    /** Brings what is offered to what the store says: as many tickets as there are free slots. */
    async #sync(): Promise<void> {
        // Commands given to a Redis that is away would wait for it, and be out of date by then.
        if (this.#redis.status !== 'ready') return;
        if (this.#isStale) await this.#own();
        if (this.#problem !== undefined) return;
        const { waiting, remoteFree } = this.#options;
        const free = (this.#taker?.free ?? 0) + remoteFree();
        const wanted = new Map(
            waiting(free + SPARE_TICKETS).map((ticket) => [ticketId(ticket), ticket]),
        );
        for (const id of [...this.#offered.keys()]) {
            if (wanted.has(id)) continue;
            this.#offered.delete(id);
            // One that a worker holds stays; the daemon will tell that worker what it is worth.
            await this.#tickets.remove(id);
        }
        const isStale = this.#isStale;
        this.#isStale = false;
        for (const [id, ticket] of wanted) {
            const offered = this.#offered.get(id);
            if (offered === ticket.priority && !isStale) continue;
            this.#offered.set(id, ticket.priority);
            const priority = bullmqPriority(ticket.priority);
            const job = await this.#tickets.add(TICKET_QUEUE, ticket, { jobId: id, priority });
            // Adding a ticket that is there changes nothing.
            if (offered !== undefined && offered !== ticket.priority) {
                await job.changePriority({ priority });
            }
        }
    }
}
